-- Removes a task.
local key, origin = ARGV[1], ARGV[2]
local was = room().remove(key)
if not was then
  return 0
end
tell(':t:' .. key, origin .. key)
if #was[3] == 16 then
  tell(':w:' .. was[3], origin .. key)
end
return 1
