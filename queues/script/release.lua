-- The mail of a code may go now: from here on the code can be right.
-- KEYS[1] flow   ARGV[1] generation of the code
-- Answers 1, or 0 where it is not this flow's living code any more: then the mail is not worth sending.
local f = redis.call('HMGET', KEYS[1], 'state', 'generation')
if f[1] ~= 'living' or f[2] ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'open', '1')
return 1
