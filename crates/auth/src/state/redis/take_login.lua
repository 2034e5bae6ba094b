-- Takes a login out.
-- KEYS: login, index of logins.
local login = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], KEYS[1])
return login
