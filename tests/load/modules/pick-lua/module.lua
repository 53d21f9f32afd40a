-- Chooses a trunk by the number's first digits; the longest prefix wins.

local prefixes = {}
for prefix, block in config.prefix do
	table.insert(prefixes, { digits = prefix, trunk = block.trunk })
end
table.sort(prefixes, function(a, b)
	return #a.digits > #b.digits
end)

return {
	route = function(request)
		local number = string.gsub(request.dialled, "^%+", "")
		for _, prefix in prefixes do
			if string.sub(number, 1, #prefix.digits) == prefix.digits then
				return {
					decision = { targets = { { trunk = prefix.trunk } } },
					reasons = { `{number} begins with {prefix.digits}: {prefix.trunk}` },
				}
			end
		end
		return {
			decision = { outcome = "none" },
			reasons = { `{number} has no prefix of ours` },
		}
	end,
}
