-- ARGV 6 client id  7 offset  8 most clients
-- Gives what is kept now.
local client, most = ARGV[6], tonumber(ARGV[8])
-- Nothing beyond the head was ever sent.
local acked = math.min(tonumber(ARGV[7]), offset)
local known = redis.call('HGET', acks, client)
if known then
  acked = math.max(acked, tonumber(string.match(known, '^%d+')))
elseif redis.call('HLEN', acks) >= most then
  -- The one that has been silent longest is forgotten: made-up client ids cost a bounded room.
  local silent, silent_at
  local all = redis.call('HGETALL', acks)
  for at = 1, #all, 2 do
    local when = tonumber(string.match(all[at + 1], '%d+$'))
    if not silent_at or when < silent_at then silent, silent_at = all[at], when end
  end
  redis.call('HDEL', acks, silent)
end
redis.call('HSET', acks, client, whole(acked) .. ' ' .. whole(now))
if not known then expire(acks) end
return whole(acked)
