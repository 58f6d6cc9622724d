-- Members of a sorted set behind a place in it, with their scores.
-- KEYS[1]   ARGV[1] score and ARGV[2] member of the place   ARGV[3] how many
-- Members of one score are in the order of their bytes, so the place is found by halving.
local low = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
local high = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  if redis.call('ZRANGE', KEYS[1], middle, middle)[1] > ARGV[2] then
    high = middle
  else
    low = middle + 1
  end
end
return redis.call('ZRANGE', KEYS[1], low, low + tonumber(ARGV[3]) - 1, 'WITHSCORES')
