-- Loops without an end.
return {
	run = function()
		while true do
		end
	end,
}
