-- Notes in this bucket that a worker is buried; tells whether it holds nothing here. From then on it never will.
call('SET', bucket .. 'd:' .. ARGV[1], '', 'PX', ARGV[2])
local holder = bucket .. 'h:' .. ARGV[1]
while true do
  local first = call('ZRANGE', holder, 0, 0)
  if #first == 0 then
    return 1
  end
  if call('EXISTS', task_at(first[1])) == 1 then
    return 0
  end
  call('ZREM', holder, first[1])
end
