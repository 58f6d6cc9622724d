-- May one more go, with at most one in a short time and a few in a long one?
-- KEYS[1] sorted set of what went, by time   ARGV[1] now, ms   ARGV[2] its name
-- ARGV[3] the short time, ms   ARGV[4] the long one   ARGV[5] how many in that
-- Answers 1 where it may, and then it is counted; 0 where not. What was counted may again.
local key, now, name = KEYS[1], tonumber(ARGV[1]), ARGV[2]
if redis.call('ZSCORE', key, name) then
  return 1
end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[4]))
local newest = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
if newest[2] and now - tonumber(newest[2]) < tonumber(ARGV[3]) then
  return 0
end
if redis.call('ZCARD', key) >= tonumber(ARGV[5]) then
  return 0
end
redis.call('ZADD', key, now, name)
redis.call('PEXPIRE', key, ARGV[4])
return 1
