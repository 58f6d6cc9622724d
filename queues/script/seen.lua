-- A session was used. One that was signed out meanwhile stays signed out.
-- KEYS[1] session   ARGV[1] now, ms   ARGV[2] life from now, ms
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'seen', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
