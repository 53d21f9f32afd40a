-- what: Greets the caller, reads the menu, and says where the caller wants to go.
-- arguments: greeting = welcome, menu = menu, tries = 3
-- outcomes: sales, support, silence, invalid
--
-- The dialplan runs it and acts on what it returns:
--
--   run welcome {
--       on sales { ring alice bob timeout="20s" }
--       on support { ring carol timeout="20s" }
--       on silence invalid { play goodbye; hangup }
--   }
--   else { hangup cause=temporary-failure }
--
-- Two dashes begin a comment. Lines run from top to bottom; each line that begins with `call:`
-- waits until it is done.

call:answer()
call:play(args.greeting)

-- `args` holds the arguments named above, as texts; `tonumber` makes a number of one.
local tries = tonumber(args.tries) or 3

-- What each key means. A key that is missing here is a wrong key.
local choices = {
	["1"] = "sales",
	["2"] = "support",
}

local heard_something = false

for try = 1, tries do
	-- `collect` returns the digits, or `nil` (nothing) and the reason.
	local digit, reason = call:collect({ prompt = args.menu, digits = 1, timeout = 5 })

	if digit and choices[digit] then
		log.info("the caller chose", { key = digit, try = try })
		call:set("choice", choices[digit])
		return choices[digit]
	end

	if digit or reason == "invalid" then
		heard_something = true
		call:play("invalid")
	end
	-- Silence: simply ask again.
end

-- Whoever presses nothing may have a telephone without keys: the dialplan decides.
if heard_something then
	return "invalid"
end
return "silence"
