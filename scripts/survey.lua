-- what: Asks three questions after a call and keeps the answers.
-- arguments: survey = service, questions = 3, highest = 5
-- outcomes: finished, partly, refused
--
-- Each answer is one key from 1 to `highest`. Answers are counted, never tied to a number, so
-- the survey is anonymous: `survey/service/2/5` is how often question 2 was answered with 5.

local highest = tonumber(args.highest) or 5
local questions = tonumber(args.questions) or 3

-- A function is a piece of work with a name. This one asks a question and returns a number
-- from 1 to `highest`, or nothing.
local function ask(question)
	-- A question's own prompt may be named `rate-1`, `rate-2` ... in the dialplan's variables;
	-- without one, the same words serve for all.
	local prompt = call:get("question-" .. question) or "rate-us"
	for try = 1, 2 do
		local key, reason = call:collect({ prompt = prompt, digits = 1, timeout = 6 })
		local number = tonumber(key)
		if number and number >= 1 and number <= highest then
			return number
		end
		if reason == "timeout" then
			return nil
		end
		call:play("invalid")
	end
	return nil
end

call:answer()

local answered = 0
for question = 1, questions do
	local number = ask(question)
	if number == nil then
		break
	end
	answered += 1

	-- `store` may be down for a moment. It then returns nothing, and why; a lost vote is not
	-- worth a caller's time, so we note it and go on.
	local total, kind, message = store.incr(`survey/{args.survey}/{question}/{number}`)
	if not total then
		log.warn("an answer was not kept", { question = question, kind = kind, message = message })
	end
end

if answered == 0 then
	return "refused"
end

call:play("thank-you", "goodbye")
if answered < questions then
	return "partly"
end
return "finished"
