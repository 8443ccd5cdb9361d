-- The queue, divided by expiry, so that a claim looks at no task that has expired: by the clock of whoever claims.

-- Puts aside what has expired at a time, and back what has not, if somebody whose clock is ahead has put it aside.
local function divide_queue(now)
  local due = call('ZRANGEBYSCORE', bucket .. 'e', '-inf', now, 'WITHSCORES', 'LIMIT', 0, 1000)
  for at = 1, #due, 2 do
    call('ZREM', bucket .. 'g', due[at])
    call('ZREM', bucket .. 'e', due[at])
    call('ZADD', bucket .. 'y', due[at + 1], due[at])
  end
  for _, key in ipairs(call('ZRANGEBYSCORE', bucket .. 'y', '(' .. now, '+inf', 'LIMIT', 0, 1000)) do
    local task = redis.pcall('HMGET', task_at(key), 'h', 's', 'e')
    call('ZREM', bucket .. 'y', key)
    if task[1] == 'q' and task[2] and task[3] then
      hold('q', key, task[2], task[3])
    else
      call('ZREM', bucket .. 'h:q', key)
    end
  end
end
