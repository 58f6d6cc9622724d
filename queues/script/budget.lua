-- May that much more be used? A refusal writes nothing.
-- KEYS[1]   ARGV[1] how much   ARGV[2] at most in all   ARGV[3] life of the count, ms
if tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
