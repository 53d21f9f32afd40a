-- what: Asks for a secret number and compares it. Three tries, with a growing delay.
-- arguments: pin, digits = 4, tries = 3
-- outcomes: correct, wrong, locked, silence
--
-- `pin` has no default, so the dialplan must give it: run pin pin="{var.pin}". With `secret = true`
-- the digits appear in no event, log, trace or recording. Do not write them into a log yourself.

call:answer()

-- A number that failed too often waits an hour, whoever types the digits.
local failures_key = "pin-failures/" .. call.caller
local failures = tonumber(store.get(failures_key)) or 0
if failures >= 10 then
	log.warn("too many wrong numbers from this caller", { failures = failures })
	return "locked"
end

local tries = tonumber(args.tries) or 3
for try = 1, tries do
	local digits, reason = call:collect({
		prompt = "enter-pin",
		digits = tonumber(args.digits) or 4,
		timeout = 8,
		secret = true,
	})

	if digits == args.pin then
		store.delete(failures_key)
		return "correct"
	end

	if reason == "timeout" then
		return "silence"
	end

	failures += 1
	store.set(failures_key, failures, { lasts = 3600 })
	call:play("invalid")

	-- 1, 2, 4 ... seconds: a machine that tries all numbers loses its patience, a person hardly notices.
	if try < tries then
		call:wait(2 ^ (try - 1))
	end
end

return "wrong"
