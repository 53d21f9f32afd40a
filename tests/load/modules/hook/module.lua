-- Asks a webhook which trunk a number goes to.

return {
	look_up = function(query)
		local response, kind, message = http.get(config.base .. "/choose?number=" .. query.dialled, { timeout = 2 })
		if not response then
			return nil, kind, message
		elseif not response.ok then
			return nil, "unavailable", "the webhook answered " .. response.status
		end
		local answer = response.json
		log.info(answer.reason)
		if answer.trunk then
			return { outcome = "chosen", set = { ["hook.trunk"] = answer.trunk } }
		end
		return "none"
	end,
}
