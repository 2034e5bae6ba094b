-- The numbering of revocations. A server that has lost the last ones would give their numbers to others, and who was told the first
-- would never ask for the second: what comes back with less than was told here begins another numbering.
-- KEYS: head. ARGV: epoch if another one begins, epoch that was told, last number that was told.
local epoch, head = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'head'))
head = head or '0'
if not epoch or (epoch == ARGV[2] and tonumber(head) < tonumber(ARGV[3])) then
    epoch = ARGV[1]
    redis.call('HSET', KEYS[1], 'epoch', epoch)
end
