-- The first value written under a key is kept and answered.
-- KEYS[1]   ARGV[1] value   ARGV[2] life in ms, "0" for ever
local held = redis.call('GET', KEYS[1])
if held then
  return held
end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return ARGV[1]
