-- Who shares a block: one owner more, or one less. A list that grows too long says nothing of anybody, and is empty
-- but for "*" from then on.
-- KEYS[1] n:{index}   ARGV[1] "<account>:<source>"   ARGV[2] what it was made of, "" removes   ARGV[3] most owners
if ARGV[2] == '' then
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
if redis.call('HEXISTS', KEYS[1], '*') == 1 then
  return 0
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  return redis.call('HSET', KEYS[1], '*', '1')
end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
