-- Keeps a code, also for a while after its time.
-- KEYS: code. ARGV: what it is good for, life in ms.
redis.call('HSET', KEYS[1], 'grant', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
