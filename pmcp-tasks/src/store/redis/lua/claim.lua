-- Takes over open tasks of a holder: those the queue has had longest, those of a worker in the order of their keys.
local from, to, n, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

if is_buried(to) then
  return false
end
-- What is damaged stays where it is, and keeps nobody from the others.
local function is_damaged(task)
  local has_numbers = tonumber(task[1]) and tonumber(task[2])
  local has_times = task[5] and #task[5] == 8 and task[6] and #task[6] == 8
  return not (has_numbers and has_times and task[7] and task[8])
end

local holder = from == 'q' and bucket .. 'g' or bucket .. 'h:' .. from
local claimed, passed, damaged = {}, 0, 0
while #claimed < n do
  local keys = call('ZRANGE', holder, passed, passed + n - #claimed - 1)
  if #keys == 0 then
    break
  end
  for _, key in ipairs(keys) do
    local at = task_at(key)
    -- Another program may have put something else there.
    local task = redis.pcall('HMGET', at, 'v', 'f', 'h', 'o', 's', 'e', 'd', 'b')
    if not task[1] or task[3] ~= from or task[4] ~= '1' then
      let_go(from, key)
    elseif is_damaged(task) then
      damaged = damaged + 1
      passed = passed + 1
    elseif number(task[6]) <= now then
      -- It stays: by the clocks of others it may be alive.
      passed = passed + 1
    else
      task[1], task[2], task[3] = text(task[1] + 1), text(task[2] + 1), to
      call('HSET', at, 'v', task[1], 'f', task[2], 'h', to)
      let_go(from, key)
      hold(to, key, task[5])
      claimed[#claimed + 1] =
        { key, task, call('HGETALL', bucket .. 'v:' .. key), call('HGETALL', bucket .. 'j:' .. key) }
      if to == from then
        passed = passed + 1
      end
    end
  end
end
return { damaged, claimed }
