-- Answers of the CRM by number, good for a while; the oldest make room.

local remembered = {}

local MOST = 1000

local answers, order, first = {}, {}, 1

-- The fields, false for a number that the CRM does not know, nil where it must be asked.
function remembered.get(number)
	local answer = answers[number]
	if answer and answer.till > now() then
		return answer.fields
	end
	return nil
end

function remembered.put(number, fields)
	if config.cache == 0 then
		return
	end
	if not answers[number] then
		table.insert(order, number)
		if #order - first + 1 > MOST then
			answers[order[first]] = nil
			order[first] = false
			first += 1
		end
		if first > MOST then
			order = table.move(order, first, #order, 1, {})
			first = 1
		end
	end
	answers[number] = { fields = fields, till = now() + config.cache / 1000 }
end

return remembered
