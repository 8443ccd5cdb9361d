-- Raises a worker's counter; 0 if it is buried.
local worker = ARGV[1]
if call('SISMEMBER', bucket .. 'u', worker) == 1 or is_buried(worker) then
  return 0
end
local known = call('HGET', bucket .. 'w', worker)
local counter = (known and tonumber(string.match(known, '^%d+')) or 0) + 1
call('HSET', bucket .. 'w', worker, text(counter) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return counter
