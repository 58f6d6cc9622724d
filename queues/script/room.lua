-- Is there room for one more file of this customer? Where there is, it is taken.
-- KEYS[1]   file -> "<reference> <bytes> <ends>"; ends: ms, "0" never
-- ARGV[1] file  [2] reference  [3] bytes  [4] now, ms  [5] ends, ms
-- ARGV[6] files of a request  [7] bytes of a request  [8] bytes of the customer  [9] files of the customer
-- Answers "ok", "count", "request" or "customer". What has ended is forgotten.
local now, count, here, all, files = tonumber(ARGV[4]), 0, 0, 0, 0
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local reference, bytes, ends = string.match(held[i + 1], '^(%d+) (%d+) (%d+)$')
  if held[i] == ARGV[1] then
    bytes = nil
  elseif ends ~= '0' and tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], held[i])
    bytes = nil
  end
  if bytes then
    files, all = files + 1, all + tonumber(bytes)
    if reference == ARGV[2] then
      count, here = count + 1, here + tonumber(bytes)
    end
  end
end
if count >= tonumber(ARGV[6]) then
  return 'count'
elseif here + tonumber(ARGV[3]) > tonumber(ARGV[7]) then
  return 'request'
elseif all + tonumber(ARGV[3]) > tonumber(ARGV[8]) or files >= tonumber(ARGV[9]) then
  return 'customer'
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[5])
return 'ok'
