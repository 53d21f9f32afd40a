-- what: Outside office hours: tells the caller so, lets urgent calls through, takes the others' number.
-- arguments: calendar = office, urgent_user = alice, urgent_key = 9
-- outcomes: open, talked, unreachable, goodbye
--
-- Returns `open` at once, without a word, while the calendar is open: then the dialplan goes on
-- as usual. `urgent_user` is the user on duty at night.

-- `open` asks a calendar of the dialplan. Holidays are in the calendar, not here.
if open(args.calendar) then
	return "open"
end

call:answer()
call:play("closed")

-- One key, and only one try: most callers hang up here, and that is fine.
local key = call:collect({ timeout = 4, digits = 1 })

if key ~= args.urgent_key then
	call:play("goodbye")
	return "goodbye"
end

-- Count how often each number asks for the person on duty; the log shows who overdoes it.
local calls = store.incr("urgent/" .. call.caller)
if calls and calls > 1 then
	log.warn("this number asked for the person on duty before", { calls = calls })
end

call:play("please-wait")

-- The caller hears music until somebody answers. `outcome` says how it went:
-- "answered" (they have talked), "busy", "no-answer", "absent" or "failed".
local outcome = call:ring(args.urgent_user, { timeout = 25, music = "hold-music" })

if outcome == "answered" then
	return "talked"
end

log.error("nobody on duty took an urgent call", { user = args.urgent_user, outcome = outcome })
call:play("goodbye")
return "unreachable"
