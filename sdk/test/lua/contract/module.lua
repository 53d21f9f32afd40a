-- The contract's story in Lua. An error of `call` is raised, with its place before its message.
local steps = {}

local function refused(act)
	local good, message = pcall(act)
	log.info("refused: " .. if good then "nothing" else string.gsub(message, "^.-:%d+: ", ""))
end

function steps.talk(call)
	local outcomes = table.concat(call.outcomes, " ")
	log.info(`{call.dialled} from {call.caller}, answered {call.answered}, {outcomes}, of {tenant}`)
	call:answer()
	call:record(true)
	call:play(config.beep)
	call:tone("busy", 0.2)
	call:wait(0.1)
	call:send_digits("12")
	call:record(false)
	local digits = call:collect({ prompt = config.beep, digits = 1, timeout = 3 })
	if not digits then
		return "timeout"
	end
	call:set("key", digits)
	local key = call:get("key")
	log.info(`key {key}, other {call:get("other") or "none"}`)
	return if table.find(call.outcomes, key) then key else "other"
end

function steps.keep()
	store.set("a", "one")
	log.info(`a {store.get("a")}`)
	store.incr("n", 2)
	log.info(`n {store.incr("n", 3)}`)
	store.delete("a")
	log.info(`a {store.get("a") or "none"}`)
	return "done"
end

function steps.tell()
	events.retain("contract.seen", "last", { n = 1 })
	log.info(`seen {json.encode(fact("contract.seen", "last"))}`)
	events.publish("contract.told", { n = 1 })
	return "done"
end

function steps.ask()
	local _, kind, message = http.get("https://crm.example.com/")
	log.info("refused: " .. message)
	return kind
end

function steps.reach(call, arguments)
	local outcome, by = call:ring(arguments.user, { timeout = 5 })
	log.info(`talk {outcome} {by or "none"}`)
	return outcome
end

function steps.leave(call)
	call:hangup("busy")
	refused(function()
		call:play(config.beep)
	end)
	return "gone"
end

function steps.wrong(call)
	refused(function()
		call:play("nowhere")
	end)
	refused(function()
		open("nowhere")
	end)
	refused(function()
		call:trunk("carrier")
	end)
	return nil, "unavailable", "out of order"
end

return {
	run = function(step, arguments, call)
		return steps[step](call, arguments)
	end,
}
