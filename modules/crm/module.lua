-- A connector to any CRM that speaks REST: look-up while the call waits, write-back at its end.
--
-- A caller never waits longer than the deadline. Answers are good for a while; after some
-- failures in a row the CRM is left alone for a while. Both are kept in this VM only.

local customer = require("customer")
local remembered = require("remembered")

local failures, rests_until = 0, 0

-- Headers of every request; the host fills secrets in.
local function headers()
	local all = { accept = "application/json" }
	if config.token then
		local scheme = config["token-scheme"]
		all[config["token-header"]] = if scheme == "" then config.token else scheme .. " " .. config.token
	end
	for name, header in config.header or {} do
		all[name] = header.secret or header.value or ""
	end
	return all
end

-- One character of a value in a URL (RFC 3986 section 2.1).
local function escaped(text)
	return (string.gsub(text, "[^%w%-._~]", function(c)
		return string.format("%%%02X", string.byte(c))
	end))
end

local function url(template, values)
	local path = string.gsub(template, "{(%w+)}", function(name)
		return if values[name] then escaped(values[name]) else nil
	end)
	return string.gsub(config.base, "/+$", "") .. path
end

-- Counts what the CRM did; gives the response, or nil, kind and message.
local function counted(response, kind, message)
	if response and response.status < 500 and response.status ~= 429 then
		failures = 0
		return response
	end
	failures += 1
	if failures >= config["breaker-failures"] then
		failures = 0
		rests_until = now() + config["breaker-rest"] / 1000
		log.warn("the CRM failed too often and is left alone for a while")
	end
	if response then
		return nil, "unavailable", "the CRM answered " .. response.status
	end
	return nil, kind, message
end

local function open()
	local left = rests_until - now()
	if left > 0 then
		return nil, "unavailable", string.format("the CRM failed too often and is left alone for %d s more", math.ceil(left))
	end
	return true
end

-- A look-up at the CRM: the customer's fields, false where it knows none, or nil, kind, message.
local function ask(values, timeout)
	local may, kind, message = open()
	if not may then
		return nil, kind, message
	end
	local response
	response, kind, message = counted(http.get(url(config.path, values), {
		headers = headers(),
		timeout = timeout / 1000,
	}))
	if not response then
		return nil, kind, message
	end
	if response.status == 404 then
		return false
	elseif not response.ok then
		return nil, "denied", "the CRM answered " .. response.status .. ": are the settings `path` and `token` right?"
	end
	local body = response.json
	if body == nil and response.body ~= "" then
		body = json.decode(response.body)
		if body == nil then
			return nil, "invalid", "the CRM's answer is no JSON"
		end
	end
	return customer.read(body)
end

local function found(query, values, fields)
	local set = {}
	for name, value in fields do
		set[config.variables .. name] = value
	end
	events.publish("customer-found", {
		call = query.call,
		number = values.number,
		customer = fields,
	})
	return { outcome = "found", set = set }
end

local function look_up(query)
	local number = query.arguments.number or query.caller.number
	if number == "" then
		return { outcome = "unknown" }
	end
	local values = { number = number, dialled = query.dialled, call = query.call }
	local fields = remembered.get(number)
	if fields == nil then
		local kind, message
		fields, kind, message = ask(values, query.arguments.timeout or config.timeout)
		if fields == nil then
			return nil, kind, message
		end
		remembered.put(number, fields)
	end
	if config["write-back"] ~= "" and (fields or config["write-back-unknown"]) then
		local note = { number = number, dialled = query.dialled, began = now(), id = fields and fields.id or nil }
		local kept, kind = store.set("call:" .. query.call, json.encode(note), { lasts = 172800 })
		if not kept then
			log.warn("the call will not be written back: " .. kind)
		end
	end
	if not fields then
		return { outcome = "unknown" }
	end
	return found(query, values, fields)
end

-- A call is over: what was kept of it goes to the CRM. An error is tried again by the host.
local function write_back(event)
	if config["write-back"] == "" or not event.call then
		return
	end
	local key = "call:" .. event.call
	local note, kind, message = store.get(key)
	if not note then
		return nil, kind, message
	end
	local may
	may, kind, message = open()
	if not may then
		return nil, kind, message
	end
	local kept = json.decode(note)
	local response
	response, kind, message = counted(http.post(url(config["write-back"], { call = event.call }), {
		call = event.call,
		customer = kept.id,
		number = kept.number,
		dialled = kept.dialled,
		began_ms = math.floor(kept.began * 1000),
		ended_ms = event.at_ms,
		seconds = math.max(0, math.floor(event.at_ms / 1000 - kept.began)),
		cause = event.payload and event.payload.cause or nil,
	}, { headers = headers(), timeout = 10 }))
	if not response then
		return nil, kind, message
	end
	if not response.ok then
		-- The same request would be refused again.
		log.error("the CRM refused a finished call", { status = response.status, call = event.call })
	end
	store.delete(key)
end

return {
	look_up = look_up,
	on_event = write_back,

	start = function()
		if not string.match(config.base, "^https?://[%w%[]") then
			return "config base is an address such as \"https://crm.example.com\""
		end
		for name, header in config.header or {} do
			if header.value and header.secret then
				return "config header \"" .. name .. "\" has a value and a secret: one of them"
			end
		end
	end,
}
