-- Reads a task with variables, steps or both: the fields that are named, then these.
local key = ARGV[1]
local fields = call('HMGET', task_at(key), unpack(ARGV, 4))
if not fields[1] then
  return false
end
return {
  fields,
  ARGV[2] == '1' and call('HGETALL', bucket .. 'v:' .. key),
  ARGV[3] == '1' and call('HGETALL', bucket .. 'j:' .. key),
}
