-- Ends a family, also one that did not begin yet.
-- KEYS: family, its end. ARGV: how long its end is known, in ms.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], 1, 'PX', ARGV[1])
