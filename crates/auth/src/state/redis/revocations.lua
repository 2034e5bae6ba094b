-- The numbering, its last number, and the revocations after a number of it.
-- KEYS: head, revocations by number. ARGV: epoch, after, the most, epoch if there is none.
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[4])
local epoch, head = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'head'))
local after = epoch == ARGV[1] and ARGV[2] or '0'
local told = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
return { epoch, head or '0', told }
