-- A user's stream, opened: every script begins with this, so each of them is atomic over the whole stream.
--
-- KEYS  1 stream: hash of epoch, offset, bytes, kept, since (when the oldest kept event came), used
--       2 events: list of `<when> <event id> <envelope>`, oldest first
--       3 ids: hash of event id to offset, of the kept events
--       4 acks: hash of client id to `<offset> <when>`
-- ARGV  1 the epoch of a new life  2 how long events are kept, ms  3 the channel of wakes
--       4, 5 the head that the caller last saw (or empty, 0)         6… the script's own
local stream, events, ids, acks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local age, channel = tonumber(ARGV[2]), ARGV[3]

-- The server's clock: nodes' clocks differ.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Lua would write large numbers as 1e+15.
local function whole(number) return string.format('%.0f', number) end

local found = redis.call('HMGET', stream, 'epoch', 'offset', 'bytes', 'kept', 'since', 'used')
local epoch, offset, bytes = found[1], tonumber(found[2]), tonumber(found[3])
local since, used = tonumber(found[5]) or now, tonumber(found[6]) or 0
local kept = redis.call('LLEN', events)
local changed = false

local function wake() redis.call('PUBLISH', channel, epoch .. ':' .. whole(offset)) end

-- Longer than events are kept, since the time is not set at every call.
local function expire(key) redis.call('PEXPIRE', key, whole(age + age / 8 + 1000)) end

local function save()
  redis.call('HSET', stream, 'epoch', epoch, 'offset', whole(offset), 'bytes', whole(bytes),
    'kept', whole(kept), 'since', whole(since), 'used', whole(used))
end

local function drop_oldest()
  local oldest = redis.call('LPOP', events)
  local id, envelope_at = string.match(oldest, '^%d+ (%S+) ()')
  redis.call('HDEL', ids, id)
  bytes = bytes - (#oldest - envelope_at + 1)
  kept = kept - 1
  local next = kept > 0 and redis.call('LINDEX', events, 0)
  since = next and tonumber(string.match(next, '^%d+')) or now
  changed = true
end

-- Nothing there, a part of it gone, or older than what was already told (a server that came back with what it had
-- saved a while ago): the log was lost. Offsets begin again, so the epoch must be another one.
if not epoch or tonumber(found[4]) ~= kept or (epoch == ARGV[4] and offset < tonumber(ARGV[5])) then
  redis.call('DEL', events, ids, acks)
  epoch, offset, bytes, kept, since, used = ARGV[1], 0, 0, 0, now, 0
  changed = true
  wake()
end

while kept > 0 and now - since >= age do drop_oldest() end

if changed or now - used >= age / 16 then
  used = now
  save()
  expire(stream)
  expire(events)
  expire(ids)
  expire(acks)
end
