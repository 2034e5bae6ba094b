-- Begins a family with its first token, unless it has ended already.
-- KEYS: family, its end, token. ARGV: family, client, token, session, life of both in ms, when it ends.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
    return
end
redis.call('HSET', KEYS[1], 'family', ARGV[1], 'client', ARGV[2], 'current', ARGV[3], 'expires', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5])
