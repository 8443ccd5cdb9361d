-- Writes variables.
local key, now, fence, most, write, origin = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]

local task, cells = task_at(key), bucket .. 'v:' .. key
local was = read(task, 'n', 'c', 'k')
if not exists(was, now) then
  return { 'missing' }
end
if contains(was[10], write) then
  return { 'replayed' }
end
if was[4] or fence ~= '' and was[2] ~= fence then
  return { 'lost' }
end
local before = tonumber(was[9] or 0)
local bytes, why, field = change(cells, before, 7, most)
if not bytes then
  return { why, field }
end
call('HSET', task, 'n', text(was[8] + bytes - before), 'c', text(bytes), 'k', remember(was[10], write, 64))
if before == 0 then
  live_as(task, cells)
end
if bytes ~= before then
  call('HINCRBY', bucket .. 'b:' .. sub(key, 1, 32), 'l', text(bytes - before))
end
if fence == '' then
  tell(':t:' .. key, origin .. key)
  if #was[3] == 16 then
    tell(':w:' .. was[3], origin .. key)
  end
end
return { 'done' }
