-- Declares a worker dead if its counter was not raised; tells whether it is.
local worker = ARGV[1]
if call('SISMEMBER', bucket .. 'u', worker) == 1 or is_buried(worker) then
  return 1
end
local known = call('HGET', bucket .. 'w', worker)
if not known or string.match(known, '^%d+') ~= ARGV[2] then
  return 0
end
call('HDEL', bucket .. 'w', worker)
call('SADD', bucket .. 'u', worker)
return 1
