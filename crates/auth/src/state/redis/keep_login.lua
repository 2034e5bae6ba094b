-- Keeps a login for as long as it is good. Anybody may begin one, so they are counted.
-- KEYS: login, index of logins by their end. ARGV: login, its end, now, the most.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) and redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
local life = math.max(ARGV[2] - ARGV[3], 1)
redis.call('HSET', KEYS[1], 'login', ARGV[1])
redis.call('PEXPIRE', KEYS[1], life)
redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1])
redis.call('PEXPIRE', KEYS[2], 86400000)
return 1
