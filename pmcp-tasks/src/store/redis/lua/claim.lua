-- Takes over open tasks of a holder: those the queue has had longest, those of a worker in the order of their keys.
local from, to, n, now, id = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

if is_buried(to) then
  return false
end
-- What is damaged stays where it is, and keeps nobody from the others.
local function is_damaged(task)
  local has_numbers = tonumber(task[1]) and tonumber(task[2])
  local has_times = task[5] and #task[5] == 8 and task[6] and #task[6] == 8
  return not (has_numbers and has_times and task[7] and task[8])
end

-- Another program may have put something else there.
local function look_at(key)
  return redis.pcall('HMGET', task_at(key), 'v', 'f', 'h', 'z', 's', 'e', 'd', 'b')
end
local function whole(key, task)
  return { key, task, call('HGETALL', bucket .. 'v:' .. key), call('HGETALL', bucket .. 'j:' .. key) }
end

-- A claim that is sent again, as its answer was lost, is told what it took: the keys, for a minute.
local note, claimed = bucket .. 'c:' .. id, {}
local taken = call('GET', note)
if taken then
  for at = 1, #taken, 48 do
    local key = sub(taken, at, at + 47)
    local task = look_at(key)
    if task[3] == to and not task[4] then
      claimed[#claimed + 1] = whole(key, task)
    end
  end
  return { 0, claimed }
end

local holder = bucket .. 'h:' .. from
if from == 'q' then
  divide_queue(ARGV[4])
  holder = bucket .. 'g'
end
local keys_taken, passed, damaged = {}, 0, 0
while #claimed < n do
  local keys = call('ZRANGE', holder, passed, passed + n - #claimed - 1)
  if #keys == 0 then
    break
  end
  for _, key in ipairs(keys) do
    local task = look_at(key)
    if not task[1] or task[3] ~= from or task[4] then
      let_go(from, key)
    elseif is_damaged(task) then
      damaged = damaged + 1
      passed = passed + 1
    elseif number(task[6]) <= now then
      -- It stays: by the clocks of others it may be alive.
      passed = passed + 1
    else
      task[1], task[2], task[3] = text(task[1] + 1), text(task[2] + 1), to
      call('HSET', task_at(key), 'v', task[1], 'f', task[2], 'h', to)
      let_go(from, key)
      hold(to, key, task[5], task[6])
      claimed[#claimed + 1] = whole(key, task)
      keys_taken[#keys_taken + 1] = key
      if to == from then
        passed = passed + 1
      end
    end
  end
end
if #keys_taken > 0 then
  call('SET', note, table.concat(keys_taken), 'PX', 60000)
end
return { damaged, claimed }
