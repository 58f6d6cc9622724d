-- Generic cell rate algorithm (ITU-T I.371): may one more pass?
-- KEYS[1]   ARGV[1] now, ms   ARGV[2] ms between two   ARGV[3] burst
-- Answers 0 where it may, else the ms to wait. A refusal writes nothing.
local now, gap, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = due - gap * (burst - 1) - now
if wait > 0 then
  return wait
end
redis.call('SET', KEYS[1], string.format('%.0f', due + gap), 'PX', math.ceil(due + gap - now) + 1000)
return 0
