-- How many tasks a holder has here, of the queue those that may be claimed. Nothing, if the worker that asks is buried.
local holder, worker, now = ARGV[1], ARGV[2], ARGV[3]

if is_buried(worker) then
  return false
end
if holder == 'q' then
  return call('ZCARD', bucket .. 'g') + call('ZCOUNT', bucket .. 'y', '(' .. now, '+inf')
end
return call('ZCARD', bucket .. 'h:' .. holder)
