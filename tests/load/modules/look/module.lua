-- Remembers who called.
return {
	look_up = function(query)
		local calls = store.get("calls/" .. query.caller.number)
		if calls == nil then
			return { outcome = "unknown" }
		end
		return { outcome = "found", set = { calls = calls } }
	end,
	on_event = function(event)
		store.incr("ended", 1)
	end,
}
