-- The claim of this evidence follows what was found out about its item.
-- KEYS[1] b:{index}   ARGV[1] the account it was found to be of   ARGV[2] JSON of the claim
-- ARGV[3] the account that the item would have made   ARGV[4] how many owners still say something
-- ARGV[5] "record" (the account is on record), "proven" (the mailbox is), both or neither
-- Nobody claims it: it is claimed, beside records only by who has no other account. The item's own claim moves unless
-- somebody builds on it, and to an account on record all the same. A proven claim takes an unproven one's place.
-- Answers the account that it leads to now ("" none), and "1" where the item's own was moved away from under others.
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[4]) then
  return {'', '0'}
end
local account, json, own = ARGV[1], ARGV[2], ARGV[3]
local record, proven = string.find(ARGV[5], 'record', 1, true), string.find(ARGV[5], 'proven', 1, true)
local claim, held, records
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local who, source = string.match(all[i], '^(%w+):(.+)$')
  if source == '-' then
    claim, held = who, all[i + 1]
  elseif who then
    records = true
  end
end
local function write(used)
  redis.call('HSET', KEYS[1], account .. ':-', json)
  return {account, used and '1' or '0'}
end
if not claim then
  if records and account ~= own then
    return {'', '0'}
  end
  return write(false)
end
local used = string.find(held, '"used":true', 1, true)
local stronger = proven and not string.find(held, '"proven":true', 1, true)
if claim == account then
  if stronger then
    return write(false)
  end
  return {account, '0'}
end
if (claim == own and (not used or record)) or stronger then
  redis.call('HDEL', KEYS[1], claim .. ':-')
  return write(used and claim == own)
end
if not used then
  redis.call('HSET', KEYS[1], claim .. ':-', string.sub(held, 1, -2) .. ',"used":true}')
end
return {claim, '0'}
