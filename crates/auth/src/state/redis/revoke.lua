-- Adds a revocation under the next number, unless it is there.
-- KEYS 2 to 4: revocations by number, their ends, mark of this one. ARGV 4 to 6: revocation, until, now.
local over = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[6], 'LIMIT', 0, 1000)
for _, one in ipairs(over) do
    redis.call('ZREM', KEYS[2], one)
    redis.call('ZREM', KEYS[3], one)
end
if redis.call('SET', KEYS[4], 1, 'NX', 'PX', math.max(ARGV[5] - ARGV[6], 1)) then
    head = redis.call('HINCRBY', KEYS[1], 'head', 1)
    redis.call('ZADD', KEYS[2], head, ARGV[4])
    redis.call('ZADD', KEYS[3], ARGV[5], ARGV[4])
end
return { epoch, head }
