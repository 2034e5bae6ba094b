-- ARGV 6 epoch  7 the offset before the first wanted event  8 most events  9 most bytes, but one event at least
-- Gives epoch, offset, 1 and the events, or 0 when they are gone.
local after = tonumber(ARGV[7])
-- Kept offsets are dense up to the head, so what is kept begins here.
local first = offset + 1 - kept
if ARGV[6] ~= epoch or after > offset or after + 1 < first then return { epoch, whole(offset), 0, {} } end
local most_bytes = tonumber(ARGV[9])
local from = after + 1 - first
local stop = math.min(from + tonumber(ARGV[8]), kept)
local page, size = {}, 0
-- A few at a time: of large ones the first may be all that is wanted.
while from < stop do
  for _, event in ipairs(redis.call('LRANGE', events, whole(from), whole(math.min(from + 8, stop) - 1))) do
    size = size + #event
    if size > most_bytes and #page > 0 then return { epoch, whole(offset), 1, page } end
    page[#page + 1] = event
  end
  from = from + 8
end
return { epoch, whole(offset), 1, page }
