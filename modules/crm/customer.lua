-- What the CRM answered, as variables of a call.

local customer = {}

-- Taken where the settings name no field.
local USUAL = { id = { path = "id" }, name = { path = "name" }, vip = { path = "vip" } }
-- A variable holds at most so many bytes.
local BYTES_MAX = 4096

-- `results.0.name` inside a value; places in lists count from 0.
local function inside(value, path)
	for part in string.gmatch(path, "[^.]+") do
		if type(value) ~= "table" then
			return nil
		end
		local place = tonumber(part)
		value = if place and #value > 0 then value[place + 1] else value[part]
	end
	if value == json.null then
		return nil
	end
	return value
end

-- The fields of the customer as texts; false where there is none.
function customer.read(body)
	local found = inside(body, config.result)
	if type(found) == "table" and #found > 0 then
		found = found[1]
	end
	if type(found) ~= "table" or next(found) == nil then
		return false
	end
	local fields = {}
	local wanted = if config.field and next(config.field) then config.field else USUAL
	for name, field in wanted do
		local value = inside(found, field.path)
		if type(value) == "table" then
			value = json.encode(value)
		end
		if value ~= nil then
			fields[name] = string.sub(tostring(value), 1, BYTES_MAX)
		end
	end
	return fields
end

return customer
