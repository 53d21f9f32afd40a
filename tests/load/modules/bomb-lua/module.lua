-- Fills its memory until it is refused, lets go of it, and begins again.
return {
	run = function()
		while true do
			pcall(function()
				local held = {}
				while true do
					table.insert(held, string.rep("x", 65536) .. #held)
				end
			end)
		end
	end,
}
