-- ARGV 6 client id
-- Gives its highest acknowledged offset, 0 for none.
local known = redis.call('HGET', acks, ARGV[6])
return known and string.match(known, '^%d+') or '0'
