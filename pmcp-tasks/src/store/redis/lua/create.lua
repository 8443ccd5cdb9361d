-- Creates a task.
local key, now, after, before = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local stamp, expires, lifetime = ARGV[5], ARGV[6], tonumber(ARGV[7])
local quota, most, bytes = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local holder, head, body, is_listed, write = ARGV[11], ARGV[12], ARGV[13], ARGV[14] == '1', ARGV[15]
local digest, payload, origin = ARGV[16], ARGV[17], ARGV[18]

local owner, id, task = sub(key, 1, 32), sub(key, 33), task_at(key)
local known = call('HGET', task, 'e')
if known and number(known) > now then
  return { 'replayed' }
end
local entry = bucket .. 'i:' .. owner .. digest
if digest ~= '' then
  local other = call('GET', entry)
  if other and number(sub(other, 49, 56)) > now then
    if sub(other, 1, 32) == payload then
      return { 'same', sub(other, 33, 48) }
    end
    return { 'differs' }
  end
end
if holder ~= 'q' and is_buried(holder) then
  return { 'buried' }
end
local index, sums = index_of(owner), sums_of(owner)
if call('ZLEXCOUNT', index, '[q' .. after, '(r') >= quota then
  return { 'full' }
end
-- It has expired, and is created again: it takes no room beside itself.
if known then
  room().remove(key)
end
-- Bytes that other tasks may take.
local rest = most - bytes
if rest < 0 then
  return { 'no room' }
end
local taken = call('HMGET', sums, 'l', 's')
if (taken[1] or 0) + (taken[2] or 0) > rest then
  local room = room()
  room.purge(owner, before, 1000)
  local living = room.recount(owner, now)
  if living > rest then
    return { 'no room' }
  end
  room.make_room(owner, living + (call('HGET', sums, 's') or 0), rest)
end
if string.byte(id, 16) % 16 == 0 then
  room().purge(owner, before, 64)
end
call('HSET', task, 'v', 1, 'f', 1, 'h', holder, 's', stamp, 'e', expires, 'd', head, 'b', body, 'w', write,
  'n', ARGV[10], 'm', ARGV[9])
call('PEXPIRE', task, lifetime)
if is_listed then
  call('ZADD', index, 0, opened(id, stamp, expires), 0, listed(id, stamp, expires))
else
  call('ZADD', index, 0, opened(id, stamp, expires))
end
call('HINCRBY', sums, 'l', ARGV[10])
-- What is kept of an owner lives longer than each of his tasks. Renewed an hour ahead, so that it seldom is.
if call('PTTL', index) < lifetime then
  call('PEXPIRE', index, lifetime + 3600000)
  call('PEXPIRE', sums, lifetime + 3600000)
end
hold(holder, key, stamp, expires)
if digest ~= '' then
  call('HSET', task, 'i', digest)
  call('SET', entry, payload .. id .. expires, 'PX', lifetime)
end
if holder == 'q' then
  tell(':q', origin .. key)
end
return { 'created' }
