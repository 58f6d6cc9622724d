-- One source's evidence, or its end. A bounce that is not older than the last proof stays.
-- KEYS[1] b:{index}   ARGV[1] "<account>:<source>"   ARGV[2] JSON with "bounced":false, "" removes
-- ARGV[3] day of the last proof
if ARGV[2] == '' then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
local json, bounced = ARGV[2], redis.call('HGET', KEYS[1], 'bounced')
if bounced and tonumber(bounced) >= tonumber(ARGV[3]) then
  json = string.gsub(json, '"bounced":false', '"bounced":true', 1)
end
return redis.call('HSET', KEYS[1], ARGV[1], json)
