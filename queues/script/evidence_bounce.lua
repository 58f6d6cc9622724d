-- Marks an address that is on record as bounced, for all sources ("-" is a claim and no source).
-- KEYS[1] b:{index}   ARGV[1] day   Answers how many records of it there are.
local all, marked = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #all, 2 do
  local source = string.match(all[i], ':(.+)$')
  if source and source ~= '-' then
    redis.call('HSET', KEYS[1], all[i], (string.gsub(all[i + 1], '"bounced":false', '"bounced":true', 1)))
    marked = marked + 1
  end
end
if marked > 0 then
  redis.call('HSET', KEYS[1], 'bounced', ARGV[1])
end
return marked
