-- The tasks of a holder in the order of their keys.
local holder, after, n = ARGV[1], ARGV[2], tonumber(ARGV[3])

local lowest = after == '' and '-' or '(' .. after
local found = {}
while #found < n do
  local keys = call('ZRANGEBYLEX', bucket .. 'h:' .. holder, lowest, '+', 'LIMIT', 0, n - #found)
  if #keys == 0 then
    break
  end
  for _, key in ipairs(keys) do
    if call('EXISTS', task_at(key)) == 1 then
      found[#found + 1] = key
    else
      let_go(holder, key)
    end
  end
  lowest = '(' .. keys[#keys]
end
return found
