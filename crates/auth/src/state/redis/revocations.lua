-- The revocations after a number, or all when the numbering is another.
-- KEYS 2: revocations by number. ARGV 4 to 6: epoch, after, the most.
local after = epoch == ARGV[4] and ARGV[5] or '0'
local told = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[6])
return { epoch, head, told }
