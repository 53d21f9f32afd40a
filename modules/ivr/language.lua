-- Prompts in the caller's language: where the call's variable says `uk`, `welcome` is
-- `welcome.uk`, if that exists.

local language = {}

-- The language of a call; nil where none is set.
function language.of(call)
	local word = call:get(config["language-variable"])
	if word and string.match(word, "^[a-z][a-z-]*$") then
		return word
	end
	return nil
end

-- Does something with prompts in the call's language, or else with the plain ones.
local function with(call, names, act)
	local word = if #names > 0 then language.of(call) else nil
	if word then
		local own = {}
		for _, name in names do
			table.insert(own, name .. "." .. word)
		end
		-- What fails for another reason than a missing prompt fails again below.
		local found, a, b = pcall(act, own)
		if found then
			return a, b
		end
	end
	return act(names)
end

function language.play(call, names)
	with(call, names, function(own)
		call:play(own)
	end)
end

-- Digits, or nil and `timeout` or `invalid`.
function language.collect(call, names, options)
	return with(call, names, function(own)
		options.prompt = own
		return call:collect(options)
	end)
end

return language
