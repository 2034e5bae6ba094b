-- Adds a revocation under the next number, unless it is there.
-- KEYS: head, revocations by number, their ends, mark of this one. ARGV: revocation, until, now, epoch if there is none.
local over = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[3], 'LIMIT', 0, 1000)
for _, one in ipairs(over) do
    redis.call('ZREM', KEYS[2], one)
    redis.call('ZREM', KEYS[3], one)
end
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[4])
if redis.call('SET', KEYS[4], 1, 'NX', 'PX', math.max(ARGV[2] - ARGV[3], 1)) then
    local number = redis.call('HINCRBY', KEYS[1], 'head', 1)
    redis.call('ZADD', KEYS[2], number, ARGV[1])
    redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
end
return redis.call('HGET', KEYS[1], 'head')
