-- Who owns this evidence? Where nobody does, the asker claims it.
-- KEYS[1] b:{index}   ARGV[1] the account that would be made   ARGV[2] JSON of a claim
-- Answers all owners: "<account>:<source>", JSON, … The claim of an item is its own, so a
-- second filing finds what the first one wrote.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], ARGV[1] .. ':-', ARGV[2])
end
return redis.call('HGETALL', KEYS[1])
