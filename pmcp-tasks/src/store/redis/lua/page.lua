-- A page of an owner's list: whether there is more, then each task's id and fields.
local owner, before, n, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local index = bucket .. 'o:' .. owner
local highest = before == '' and '(m' or '(l' .. before
local page = { 0 }
while true do
  local entries = call('ZREVRANGEBYLEX', index, highest, '[l', 'LIMIT', 0, n + 1)
  for _, entry in ipairs(entries) do
    -- Its expiry stands in the entry, so that those which have expired cost no look.
    if number(sub(entry, 26, 33)) > now then
      local id = sub(entry, 10, 25)
      -- Another program may have put something else there.
      local task = redis.pcall('HMGET', task_at(owner .. id), 'v', 'f', 'h', 'z', 's', 'e', 'd')
      if not task[1] or task[6] ~= sub(entry, 26, 33) then
        call('ZREM', index, entry)
      elseif #page > n then
        page[1] = 1
        return page
      else
        page[#page + 1] = { id, unpack(task, 1, 7) }
      end
    end
  end
  if #entries <= n then
    return page
  end
  highest = '(' .. entries[#entries]
end
