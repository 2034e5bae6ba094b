-- ARGV 6 event id  7 the envelope up to its offset  8 most events  9 most bytes
-- Gives epoch, offset, and 0 for appended, 1 for there before, 2 for larger than the whole log.
local id = ARGV[6]
local known = redis.call('HGET', ids, id)
if known then return { epoch, known, 1 } end

local envelope = ARGV[7] .. '"offset":' .. whole(offset + 1) .. '}'
local most_events, most_bytes = tonumber(ARGV[8]), tonumber(ARGV[9])
if #envelope > most_bytes then return { epoch, whole(#envelope), 2 } end

offset = offset + 1
redis.call('RPUSH', events, whole(now) .. ' ' .. id .. ' ' .. envelope)
redis.call('HSET', ids, id, whole(offset))
bytes = bytes + #envelope
kept = kept + 1
if kept == 1 then
  since = now
  expire(events)
  expire(ids)
end
while kept > most_events or bytes > most_bytes do drop_oldest() end
save()
wake()
return { epoch, whole(offset), 0 }
