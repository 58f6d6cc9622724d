-- Changes records of one partition together, once, and only if nobody was faster.
--
-- KEYS[1]  once: a key that the change itself writes; where it exists the change has
--          happened and nothing is done ("" in ARGV[1] switches this off)
-- KEYS[2]  versioned hash: its field v must be ARGV[2] and is raised by one
--          ("" switches this off; "0" wants it absent)
-- ARGV[1]  "once" or ""
-- ARGV[2]  the expected version
-- ARGV[3]… commands: count of words, then the words. All keys are in the slot of KEYS.
--
-- Answers "done", "before" (once) or "stale" (version, or a condition that does not hold). Every command bears repetition:
-- sets and hashes by name; a stream entry's id is fixed by the server when it is first
-- written, and a second copy of it is refused.
-- include words.part
if ARGV[1] == 'once' and redis.call('EXISTS', KEYS[1]) == 1 then
  return 'before'
end
if ARGV[2] ~= '' then
  local version = redis.call('HGET', KEYS[2], 'v') or '0'
  if version ~= ARGV[2] then
    return 'stale'
  end
end
if not holds(3) then
  return 'stale'
end
run(3)
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[2], 'v', tonumber(ARGV[2]) + 1)
end
return 'done'
