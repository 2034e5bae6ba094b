-- Uses a code up, for one call: the same call, made again because its answer was lost, gets the same answer.
-- KEYS: code. ARGV: the call.
local grant, used_by = unpack(redis.call('HMGET', KEYS[1], 'grant', 'used_by'))
if not grant then
    return { 0, false }
end
if used_by and used_by ~= ARGV[1] then
    return { 1, grant }
end
redis.call('HSET', KEYS[1], 'used_by', ARGV[1])
return { 2, grant }
