-- {{name}}: chooses a trunk by the number's first digits; the longest prefix wins.

return {
	start = function()
		if next(config.prefix) == nil then
			return "config names no `prefix`"
		end
	end,

	route = function(request)
		local number = string.gsub(request.dialled, "^%+", "")
		for length = #number, 1, -1 do
			local prefix = string.sub(number, 1, length)
			local found = config.prefix[prefix]
			if found then
				return {
					decision = { targets = { { trunk = found.trunk, timeout_ms = 30000 } } },
					reasons = { `{number} begins with {prefix}: {found.trunk}` },
				}
			end
		end
		return { decision = { outcome = "none" }, reasons = { `{number} has no prefix of ours` } }
	end,
}
