-- Writes the head of a task.
local key, now, version, fence = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local head, outcome, is_open = ARGV[5], ARGV[6], ARGV[7] == '1'
local change, worker, write, sealed, origin = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local step, result = ARGV[13], ARGV[14]

local task = task_at(key)
local was = read(task, 'w', 'n', 'm')
if not exists(was, now) then
  return { 'missing' }
end
if contains(was[8], write) then
  return told('replayed', was)
end
if was[4] or was[1] ~= version or fence ~= '' and was[2] ~= fence then
  return told('conflict', was)
end
if change == 'take' and is_buried(worker) then
  return { 'buried' }
end
local holder = was[3]
if change == 'take' then
  holder = worker
elseif change == 'queue' then
  holder = 'q'
elseif change == 'release' or not is_open then
  holder = ''
end
local new_version, new_fence = text(was[1] + 1), was[2]
if change == 'take' or change == 'queue' then
  new_fence = text(was[2] + 1)
end
local owner, id, stamp, expires = sub(key, 1, 32), sub(key, 33), was[5], was[6]
local grown = #head + #outcome - #was[7]
if step then
  grown = grown + keep_step(task, key, step, result)
end
local size = text(was[9] + grown)
local writes = remember(was[8], write, 8)
if is_open then
  call('HSET', task, 'v', new_version, 'f', new_fence, 'h', holder, 'd', head, 'w', writes, 'n', size)
  if grown ~= 0 then
    call('HINCRBY', sums_of(owner), 'l', text(grown))
  end
else
  holder = ''
  call('HSET', task, 'v', new_version, 'f', new_fence, 'h', '', 'd', head, 'w', writes, 'n', size, 'z', sealed,
    'r', outcome)
  local index, first, second = index_of(owner), sealed_entries(id, stamp, expires, sealed, size)
  -- In this order: an index that is empty in between is removed, and its lifetime with it.
  call('ZADD', index, 0, first, 0, second)
  call('ZREM', index, opened(id, stamp, expires))
  local live = call('HINCRBY', sums_of(owner), 'l', '-' .. was[9])
  local finished = call('HINCRBY', sums_of(owner), 's', size)
  local most = tonumber(was[10])
  if live + finished > most then
    local room = room()
    room.make_room(owner, room.recount(owner, now) + finished, most, id)
  end
end
if holder ~= was[3] then
  if was[3] ~= '' then
    let_go(was[3], key)
  end
  if holder ~= '' then
    hold(holder, key, stamp, expires)
  end
end
tell(':t:' .. key, origin .. key)
-- Its own holder knows.
if fence == '' and #was[3] == 16 then
  tell(':w:' .. was[3], origin .. key)
end
if holder == 'q' then
  tell(':q', origin .. key)
end
return { 'done', new_version, new_fence }
