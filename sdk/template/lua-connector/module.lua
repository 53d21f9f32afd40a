-- {{name}}: asks a REST service who the caller is.

return {
	look_up = function(query)
		local headers = { accept = "application/json" }
		if config.token then
			headers.authorization = "Bearer " .. config.token
		end
		local url = config.base .. "/customers/" .. string.gsub(query.caller.number, "%D", "")
		local response, kind, message = http.get(url, { headers = headers, timeout = 2 })
		if not response then
			return nil, kind, message
		elseif response.status == 404 then
			return "unknown"
		elseif not response.ok then
			return nil, "unavailable", "the service answered " .. response.status
		end
		local customer = json.decode(response.body)
		return { outcome = "found", set = { name = customer.name, id = customer.id } }
	end,
}
