-- Judges one guess of a one-time code, counts it first, and where it is right applies
-- what being right changes, all in one step.
--
-- KEYS[1] flow   KEYS[2] ticket (versioned hash)
-- ARGV[1] MAC of the guess   ARGV[2] tries a code   ARGV[3] tries a flow
-- ARGV[4] now, ms   ARGV[5] expected version of the ticket
-- ARGV[6]… commands as in change.lua, run where the guess is right
--
-- Answers {"again"} (the ticket moved, or a condition does not hold: nothing was judged), {"gone"}, {"wrong", left},
-- {"right"}. A code whose mail may not go yet (open is not "1") is known to nobody, so
-- whoever hits it has guessed: it is wrong. MACs are compared, not codes, so the time of the comparison tells nothing.
-- include words.part
local f = redis.call('HMGET', KEYS[1], 'state', 'mac', 'tries', 'total', 'ends', 'open', 'v')
if f[1] ~= 'living' or tonumber(ARGV[4]) >= tonumber(f[5]) then
  return {'gone'}
end
local tries, total = tonumber(f[3]), tonumber(f[4])
local limit, all = tonumber(ARGV[2]), tonumber(ARGV[3])
if tries >= limit or total >= all then
  return {'gone'}
end
if (redis.call('HGET', KEYS[2], 'v') or '0') ~= ARGV[5] or not holds(6) then
  return {'again'}
end
-- The version too: a new code that is made beside guesses must not carry over an old count.
redis.call('HSET', KEYS[1], 'tries', tries + 1, 'total', total + 1, 'v', tonumber(f[7] or '0') + 1)
if f[2] ~= ARGV[1] or f[6] ~= '1' then
  local left = math.min(limit - tries, all - total) - 1
  if left <= 0 then
    redis.call('HSET', KEYS[1], 'state', 'dead')
    redis.call('HDEL', KEYS[1], 'code')
  end
  return {'wrong', left}
end
redis.call('HSET', KEYS[1], 'state', 'passed')
redis.call('HDEL', KEYS[1], 'mac', 'code')
run(6)
redis.call('HSET', KEYS[2], 'v', tonumber(ARGV[5]) + 1)
return {'right'}
