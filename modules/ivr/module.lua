-- Steps of a dialplan that talk with the caller: menu, yes-no, say.
--
-- A menu's outcomes are the writer's: the digits that `on` names are right, others are tried
-- again. The grammar of each step is in module.toml.

local language = require("language")
local speech = require("speech")

local steps = {}

-- One entry: the digits, or nil and why not.
local function entry(call, prompts, arguments, keys)
	if not arguments["barge-in"] and #prompts > 0 then
		language.play(call, prompts)
		prompts = {}
	end
	return language.collect(call, prompts, {
		min = 1,
		max = arguments.digits,
		timeout = arguments.timeout / 1000,
		between = arguments.between / 1000,
		-- A key that is itself an answer ends no entry.
		ends_with = if arguments.digits > 1 and not keys["#"] then "#" else false,
	})
end

-- Those outcomes of `on` that a caller can press.
local function keys_of(outcomes)
	local keys, some = {}, false
	for _, outcome in outcomes do
		if string.match(outcome, "^[0-9*#A-D]+$") then
			keys[outcome] = true
			some = true
		end
	end
	return keys, some
end

-- Asks until an entry is one of `keys`; with none, any entry is right.
local function ask(call, prompts, arguments, keys, some)
	local why = "timeout"
	for try = 1, arguments.tries do
		local digits
		digits, why = entry(call, prompts, arguments, keys)
		if digits and (keys[digits] or not some) then
			return digits
		end
		why = if digits or why == "invalid" then "invalid" else "timeout"
		local said = if why == "invalid" then arguments.invalid else arguments.silence
		if said and try < arguments.tries then
			language.play(call, { said })
		end
	end
	return nil, why
end

function steps.menu(arguments, call)
	local prompts = arguments.prompts or {}
	if arguments.prompt then
		prompts = { arguments.prompt, table.unpack(prompts) }
	end
	local keys, some = keys_of(call.outcomes)
	local digits, why = ask(call, prompts, arguments, keys, some)
	if config.events then
		local menu = prompts[1] or ""
		if digits then
			events.publish("menu-answered", { call = call.id, menu = menu, digits = digits })
		else
			events.publish("menu-left", { call = call.id, menu = menu, why = why })
		end
	end
	return digits or why
end

steps["yes-no"] = function(arguments, call)
	local yes, no = arguments.yes, arguments.no
	local answer, why = ask(call, arguments.prompts or {}, {
		digits = math.max(#yes, #no),
		timeout = arguments.timeout,
		between = 3000,
		tries = arguments.tries,
		invalid = arguments.invalid,
		["barge-in"] = true,
	}, { [yes] = true, [no] = true }, true)
	if answer then
		return if answer == yes then "yes" else "no"
	end
	return why
end

function steps.say(arguments, call)
	local names = speech.prompts(arguments.value, arguments.as, language.of(call))
	if not names then
		log.warn("ivr.say cannot say this as " .. arguments.as, { length = #arguments.value })
		return "invalid"
	end
	-- A play takes at most 32 prompts.
	for first = 1, #names, 32 do
		language.play(call, table.move(names, first, math.min(first + 31, #names), 1, {}))
	end
	return "done"
end

return {
	run = function(step, arguments, call)
		return steps[step](arguments, call)
	end,
}
