-- Fills most of its memory, lets go of it, and begins again.
return {
	run = function()
		while true do
			local held = {}
			for n = 1, 300 do
				table.insert(held, string.rep("x", 65536) .. n)
			end
		end
	end,
}
