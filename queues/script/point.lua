-- Leads a public reference to where its person's work is now. Bears repetition.
--
-- KEYS[1] r:{reference}: "<item> <account> <ticket> <participant> <ticket>…", the tickets
--         behind the participant holding further words of the same person
-- ARGV[1] participant   ARGV[2] item   ARGV[3] account and ARGV[4] ticket it leads to
-- ARGV[5] a ticket that it leads to no more, or ""
--
-- Where it leads to a ticket that is not left, the new one is a further one. What leads
-- to somebody else, or is an alias, stays. Answers what it holds then.
local held = redis.call('GET', KEYS[1])
local word = {}
for w in string.gmatch(held or '', '%S+') do
  table.insert(word, w)
end
if held and word[4] ~= ARGV[1] then
  return held
end
local places, known = {}, { [ARGV[4]] = true, [ARGV[5]] = true }
for i = 3, #word do
  if i ~= 4 and not known[word[i]] then
    known[word[i]] = true
    table.insert(places, word[i])
  end
end
local stays = word[3] and word[3] ~= ARGV[5] and word[3] ~= ARGV[4]
table.insert(places, stays and 2 or 1, ARGV[4])
local value = table.concat({ word[1] or ARGV[2], stays and word[2] or ARGV[3], places[1], ARGV[1] }, ' ')
for i = 2, #places do
  value = value .. ' ' .. places[i]
end
redis.call('SET', KEYS[1], value)
return value
