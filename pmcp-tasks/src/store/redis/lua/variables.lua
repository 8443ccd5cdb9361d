-- Changes variables, told by four arguments each from the given one on: `s` sets, `r` removes, `i` sets if the value is the
-- fourth, `n` sets if there is none. Tells how long all of them are then; if nothing was changed: nil, the reason, the field.
local function change(cells, bytes, first, most)
  for at = first, #ARGV, 4 do
    local kind, field, value = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local old
    if kind == 'i' or kind == 'n' then
      local known = call('HGET', cells, field)
      if kind == 'n' and known or kind == 'i' and known ~= ARGV[at + 3] then
        return nil, 'changed', field
      end
      old = known and #known
    else
      old = call('HSTRLEN', cells, field)
      if old == 0 and call('HEXISTS', cells, field) == 0 then
        old = nil
      end
    end
    if old then
      bytes = bytes - #field - old
    end
    if kind ~= 'r' then
      bytes = bytes + #field + #value
    end
  end
  if bytes > most then
    return nil, 'large'
  end
  for at = first, #ARGV, 4 do
    if ARGV[at] == 'r' then
      call('HDEL', cells, ARGV[at + 1])
    else
      call('HSET', cells, ARGV[at + 1], ARGV[at + 2])
    end
  end
  return bytes
end
