-- Values as lists of prompts: number-0 to number-20, number-30 ... number-90, number-hundred,
-- number-thousand, number-and, number-star, number-pound.

local speech = {}

-- Languages that say "one and twenty".
local UNITS_FIRST = { de = true, nl = true, da = true }

local function prompt(name)
	return config["number-prompts"] .. name
end

local function below_hundred(names, n, word)
	if n <= 20 or n % 10 == 0 then
		table.insert(names, prompt(n))
		return
	end
	local tens, units = prompt(n - n % 10), prompt(n % 10)
	if UNITS_FIRST[word or ""] then
		table.insert(names, units)
		table.insert(names, prompt("and"))
		table.insert(names, tens)
	else
		table.insert(names, tens)
		table.insert(names, units)
	end
end

local function below_thousand(names, n, word)
	if n >= 100 then
		table.insert(names, prompt(n // 100))
		table.insert(names, prompt("hundred"))
		n %= 100
		if n == 0 then
			return
		end
	end
	below_hundred(names, n, word)
end

-- 0 to 999,999.
local function number(names, n, word)
	if n >= 1000 then
		below_thousand(names, n // 1000, word)
		table.insert(names, prompt("thousand"))
		n %= 1000
		if n == 0 then
			return
		end
	end
	below_thousand(names, n, word)
end

local SIGNS = { ["*"] = "star", ["#"] = "pound" }

-- The prompts that say a text as `digits`, `number` or `time`; nil where it cannot be said so.
function speech.prompts(text, as, word)
	local names = {}
	if as == "digits" then
		if #text > 64 or not string.match(text, "^%+?[%d%s*#-]+$") then
			return nil
		end
		for sign in string.gmatch(text, "[%d*#]") do
			table.insert(names, prompt(SIGNS[sign] or sign))
		end
	elseif as == "number" then
		if not string.match(text, "^%d%d?%d?%d?%d?%d?$") then
			return nil
		end
		number(names, tonumber(text), word)
	else
		local hour, minute = string.match(text, "^(%d%d?):(%d%d)$")
		hour, minute = tonumber(hour), tonumber(minute)
		if not hour or hour > 23 or minute > 59 then
			return nil
		end
		number(names, hour, word)
		if minute > 0 and minute < 10 then
			table.insert(names, prompt(0))
		end
		if minute > 0 then
			number(names, minute, word)
		end
	end
	return names
end

return speech
