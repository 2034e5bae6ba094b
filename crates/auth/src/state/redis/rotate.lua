-- Puts the next token in the place of the presented one; reuse ends the family. The same call, made again because its answer was
-- lost, finds its own next token and gets the same answer.
-- KEYS: presented token, next token. ARGV: presented, next, client, now, what families' names begin with.
local session = redis.call('GET', KEYS[1])
if not session then
    return { 0, false }
end
local place = ARGV[5] .. session
local family, client, current, expires = unpack(redis.call('HMGET', place, 'family', 'client', 'current', 'expires'))
if not family or client ~= ARGV[3] then
    return { 0, false }
end
if current ~= ARGV[1] and current ~= ARGV[2] then
    redis.call('DEL', place)
    return { 1, family }
end
if tonumber(expires) <= tonumber(ARGV[4]) then
    redis.call('DEL', place)
    return { 0, false }
end
redis.call('HSET', place, 'current', ARGV[2])
redis.call('SET', KEYS[2], session, 'PX', redis.call('PTTL', place))
return { 2, family }
