-- Takes a login out, for one call: the same call, made again because its answer was lost, gets the same answer.
-- KEYS: login, index of logins. ARGV: the call.
local login, taken_by = unpack(redis.call('HMGET', KEYS[1], 'login', 'taken_by'))
if not login or (taken_by and taken_by ~= ARGV[1]) then
    return false
end
redis.call('HSET', KEYS[1], 'taken_by', ARGV[1])
redis.call('ZREM', KEYS[2], KEYS[1])
return login
