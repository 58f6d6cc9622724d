-- Who owns this evidence? Where nobody does, the asker may claim it.
-- KEYS[1] b:{index}   ARGV[1] the account that would be made   ARGV[2] JSON of its claim, "" only looks
-- ARGV[3] how many owners still say something
-- Answers "<account>:<source>", JSON, …; "*" and how many there are where they are more. The claim of an item is its
-- own, so a second filing finds what the first one wrote. A claim of another that is told here is marked "used":
-- somebody builds on it, so it stays where it leads (follow.lua).
local owners, own = redis.call('HLEN', KEYS[1]), ARGV[1] .. ':-'
if owners == 0 and ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], own, ARGV[2])
end
if owners > tonumber(ARGV[3]) then
  return {'*', tostring(owners)}
end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.sub(all[i], -2) == ':-' and all[i] ~= own and not string.find(all[i + 1], '"used":true', 1, true) then
    redis.call('HSET', KEYS[1], all[i], string.sub(all[i + 1], 1, -2) .. ',"used":true}')
  end
end
return all
