-- Records a step's result, and changes variables with it.
local key, now, fence, name, value, most = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

local task, cells, steps = task_at(key), bucket .. 'v:' .. key, bucket .. 'j:' .. key
local was = read(task, 'n', 'c')
if not exists(was, now) then
  return { 'missing' }
end
if was[4] or was[2] ~= fence then
  return { 'lost' }
end
local known = call('HGET', steps, name)
if known then
  return { 'exists', known }
end
local before = tonumber(was[9] or 0)
local bytes = before
if #ARGV > 6 then
  local why, field
  bytes, why, field = change(cells, before, 7, most)
  if not bytes then
    return { why, field }
  end
  if before == 0 then
    live_as(task, cells)
  end
end
local grown = bytes - before + keep_step(task, key, name, value)
call('HSET', task, 'n', text(was[8] + grown), 'c', text(bytes))
if grown ~= 0 then
  call('HINCRBY', bucket .. 'b:' .. sub(key, 1, 32), 'l', text(grown))
end
return { 'recorded' }
