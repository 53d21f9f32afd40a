-- what: Takes the number that shall be called back, and hands it to a web service.
-- arguments: url = http://127.0.0.1:8090/callbacks, tries = 3
-- outcomes: sent, kept, nothing
-- http: 127.0.0.1:8090, forms.example.com
--
-- The line `http:` above is a permission: the script may talk to these hosts and to no others.
-- Where the service cannot be reached, the number is kept in the store, so that nothing is lost.

call:answer()

-- The caller's own number is what most want; the rest type another one.
local number = call:collect({
	prompt = "leave-number",
	min = 5,
	max = 15,
	timeout = 8,
	ends_with = "#",
	tries = 2,
	invalid = "invalid",
})

if not number then
	number = call.caller
end
if number == "" then
	-- No number shown and none typed: there is nobody to call back.
	call:play("goodbye")
	return "nothing"
end

local form = {
	number = number,
	dialled = call.dialled,
	call = call.id,
	asked_at = now(),
}

call:play("please-wait")

-- Ask the service up to `tries` times, and wait longer after each failure.
for try = 1, tonumber(args.tries) or 3 do
	-- A table as the body is sent as JSON. Whatever goes wrong comes back as
	-- nil, the kind of failure, and a sentence.
	local response, kind, message = http.post(args.url, form, { timeout = 4 })

	if response and response.ok then
		log.info("the callback was handed over", { try = try, status = response.status })
		call:play("thank-you", "goodbye")
		return "sent"
	end

	if response and response.status >= 400 and response.status < 500 then
		-- The service understood and refuses: asking again would change nothing.
		log.error("the service refuses the callback", { status = response.status })
		break
	end

	log.warn("the service did not take the callback", {
		try = try,
		status = response and response.status,
		kind = kind,
		message = message,
	})
	call:wait(try)
end

-- Kept for a week under a key that no other call has.
store.set("callback/" .. call.id, json.encode(form), { lasts = 7 * 24 * 3600 })
call:play("thank-you", "goodbye")
return "kept"
