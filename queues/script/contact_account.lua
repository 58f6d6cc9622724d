-- What one source says about an account, beside what others say. Bears repetition: the same
-- words change nothing, and words are never taken back by silence.
-- KEYS[1] account   ARGV[1] source   ARGV[2] its rank   ARGV[3] digest of what it says
-- ARGV[4] now, ms   ARGV[5] vendor's id, sealed   ARGV[6]… field, value, field, value …
-- Answers 1 where anything changed.
local key, source, rank = KEYS[1], ARGV[1], ARGV[2]
if redis.call('HGET', key, 'said@' .. source) == ARGV[3] then
  return 0
end
redis.call('HSETNX', key, 'vendor', ARGV[5])
redis.call('HSETNX', key, 'created_ms', ARGV[4])
redis.call('HSET', key, 'imported', '1', 'rank@' .. source, rank, 'said@' .. source, ARGV[3])
for i = 6, #ARGV, 2 do
  if ARGV[i + 1] ~= '' then
    redis.call('HSET', key, ARGV[i] .. '@' .. source, ARGV[i + 1])
  end
end

local sources = {}
for _, field in ipairs(redis.call('HKEYS', key)) do
  local name = string.match(field, '^rank@(.+)$')
  if name then
    table.insert(sources, { name = name, rank = tonumber(redis.call('HGET', key, field)) })
  end
end
table.sort(sources, function(a, b)
  return a.rank > b.rank or (a.rank == b.rank and a.name < b.name)
end)
for i = 6, #ARGV, 2 do
  for _, s in ipairs(sources) do
    local value = redis.call('HGET', key, ARGV[i] .. '@' .. s.name)
    if value then
      redis.call('HSET', key, ARGV[i], value)
      break
    end
  end
end
redis.call('HSET', key, 'v', (tonumber(redis.call('HGET', key, 'v') or '0')) + 1)
return 1
