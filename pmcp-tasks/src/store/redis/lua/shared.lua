-- What every script begins with. A script is one operation. KEYS[1] is a hash tag, the beginning of every key the script
-- touches, so that in a cluster all of them are in one slot.
local call, sub = redis.call, string.sub
local bucket = KEYS[1]

-- The number in eight bytes, the highest first. Not compared as texts: the server's locale decides how Lua orders those.
local function number(bytes)
  local a, b, c, d, e, f, g, h = string.byte(bytes, 1, 8)
  return ((((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g) * 256 + h
end

-- A number in digits: tostring gives large ones an exponent.
local function text(value)
  return string.format('%.0f', value)
end

local function task_at(key)
  return bucket .. 't:' .. key
end

-- Version, fence, holder, the time it was sealed, stamp, expiry, head, and then the fields that are named.
local function read(task, ...)
  return call('HMGET', task, 'v', 'f', 'h', 'z', 's', 'e', 'd', ...)
end

local function exists(task, now)
  return task[1] and number(task[6]) > now
end

-- An answer that tells a task as it is now, without parts.
local function told(answer, task)
  return { answer, task[1], task[2], task[3], task[4], task[5], task[6], task[7] }
end

-- Whether a list of writes, sixteen bytes each, has this one.
local function contains(writes, write)
  if not writes then
    return false
  end
  local at = 1
  repeat
    local found = string.find(writes, write, at, true)
    if found and found % 16 == 1 then
      return true
    end
    at = found and found + 1
  until not at
  return false
end

-- The list with a write more, and at most so many.
local function remember(writes, write, most)
  return sub((writes or '') .. write, -16 * most)
end

local function is_buried(worker)
  return call('EXISTS', bucket .. 'd:' .. worker) == 1
end

-- The queue is kept in the order of keys, as every holder's tasks; in the order of creation; and in the order of expiry.
local function hold(holder, key, stamp, expires)
  call('ZADD', bucket .. 'h:' .. holder, 0, key)
  if holder == 'q' then
    call('ZADD', bucket .. 'g', text(math.floor(number(stamp) / 1048576)), key)
    call('ZADD', bucket .. 'e', text(number(expires)), key)
  end
end

local function let_go(holder, key)
  call('ZREM', bucket .. 'h:' .. holder, key)
  if holder == 'q' then
    call('ZREM', bucket .. 'g', key)
    call('ZREM', bucket .. 'e', key)
    call('ZREM', bucket .. 'y', key)
  end
end

-- Gives cells of a task the lifetime that it has.
local function live_as(task, cells)
  local left = call('PTTL', task)
  if left > 0 then
    call('PEXPIRE', cells, left)
  end
end

-- Keeps a step's result unless there is one. Tells the bytes it takes.
local function keep_step(task, key, name, result)
  local steps = bucket .. 'j:' .. key
  if call('HSETNX', steps, name, result) == 0 then
    return 0
  end
  if call('HLEN', steps) == 1 then
    live_as(task, steps)
  end
  return #name + #result
end

-- Hints come last, and may fail: a user of the server may lack the right to publish.
local function tell(channel, message)
  redis.pcall('PUBLISH', sub(bucket, 2, -4) .. channel, message)
end
