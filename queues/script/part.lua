-- One part of a file that is being sent; its bytes are on disk already.
-- KEYS[1] up:{…}   ARGV[1] its field  [2] its value  [3] its bytes  [4] bytes of the whole file
-- Answers "new", "held" (the same again), "differs" (another one is there), "over", or the state of an upload that takes
-- no parts; "gone" where there is none.
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'coming' then
  return state or 'gone'
end
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then
  return held == ARGV[2] and 'held' or 'differs'
end
local got = tonumber(redis.call('HGET', KEYS[1], 'got')) + tonumber(ARGV[3])
if got > tonumber(ARGV[4]) then
  return 'over'
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'got', string.format('%.0f', got))
return 'new'
