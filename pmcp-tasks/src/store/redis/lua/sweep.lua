-- Takes tasks that the server has removed out of the queue, where no claim may ever come by: at most so many, those first that
-- expired first.
local n, now = tonumber(ARGV[1]), ARGV[2]

divide_queue(now)
local removed = 0
for _, key in ipairs(call('ZRANGE', bucket .. 'y', 0, n - 1)) do
  if call('EXISTS', task_at(key)) == 1 then
    break
  end
  let_go('q', key)
  removed = removed + 1
end
return removed
