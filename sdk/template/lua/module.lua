-- {{name}}: answers a call and says a digit in beeps.

return {
	run = function(step, arguments, call)
		log.info("saying " .. arguments.digit)
		call:answer()
		call:play(table.create(arguments.digit, config.beep))
		return "done"
	end,
}
