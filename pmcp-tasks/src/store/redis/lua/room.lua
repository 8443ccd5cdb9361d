-- Removing tasks. These functions are made where one is needed: making them all takes a tenth of a create.

local function room()
  -- Removes a task and everything about it; tells it as it was, if there was one.
  local function remove(key)
    local task = task_at(key)
    local was = read(task, 'n', 'i')
    if not was[1] then
      return nil
    end
    local owner, id = sub(key, 1, 32), sub(key, 33)
    local holder, sealed, stamp, expires, size, digest = was[3], was[4], was[5], was[6], was[8], was[9]
    call('UNLINK', task, bucket .. 'v:' .. key, bucket .. 'j:' .. key)
    if sealed then
      call('ZREM', index_of(owner), listed(id, stamp, expires), sealed_entries(id, stamp, expires, sealed, size))
      call('HINCRBY', sums_of(owner), 's', '-' .. size)
    else
      call('ZREM', index_of(owner), listed(id, stamp, expires), opened(id, stamp, expires))
      call('HINCRBY', sums_of(owner), 'l', '-' .. size)
    end
    if holder ~= '' then
      let_go(holder, key)
    end
    if digest then
      -- Once it had expired, another task may have got the key.
      local entry = bucket .. 'i:' .. owner .. digest
      local known = call('GET', entry)
      if known and sub(known, 33, 48) == id then
        call('DEL', entry)
      end
    end
    return was
  end

  -- Forgets an open task that the server has removed itself. What it took is found by the next recount.
  local function forget_opened(owner, entry)
    local expires, id, stamp = sub(entry, 2, 9), sub(entry, 10, 25), sub(entry, 26, 33)
    call('ZREM', index_of(owner), entry, listed(id, stamp, expires))
  end

  -- The same for a sealed one; tells what it took.
  local function forget_sealed(owner, id, stamp, expires, sealed, size)
    call('ZREM', index_of(owner), listed(id, stamp, expires), sealed_entries(id, stamp, expires, sealed, size))
    call('HINCRBY', sums_of(owner), 's', '-' .. size)
  end

  -- Forgets tasks that had expired at a time, which is so long ago that the server has removed them itself. By the clock of
  -- whoever says so: those that are still there stay.
  local function purge(owner, before, most)
    local index = index_of(owner)
    for _, entry in ipairs(call('ZRANGEBYLEX', index, '[x', '(x' .. before, 'LIMIT', 0, most)) do
      local expires, id, sealed, stamp, size =
        sub(entry, 2, 9), sub(entry, 10, 25), sub(entry, 26, 33), sub(entry, 34, 41), sub(entry, 42)
      if call('HGET', task_at(owner .. id), 'z') ~= sealed then
        forget_sealed(owner, id, stamp, expires, sealed, size)
      end
    end
    for _, entry in ipairs(call('ZRANGEBYLEX', index, '[q', '(q' .. before, 'LIMIT', 0, most)) do
      if call('HGET', task_at(owner .. sub(entry, 10, 25)), 'e') ~= sub(entry, 2, 9) then
        forget_opened(owner, entry)
      end
    end
  end

  -- Counts what an owner's open tasks take, as the sum may count some that the server has removed. Tells what those take that
  -- have not expired.
  local function recount(owner, now)
    local all, living = 0, 0
    for _, entry in ipairs(call('ZRANGEBYLEX', index_of(owner), '[q', '(r')) do
      local size = call('HGET', task_at(owner .. sub(entry, 10, 25)), 'n')
      if size then
        size = tonumber(size) or 0
        all = all + size
        if number(sub(entry, 2, 9)) > now then
          living = living + size
        end
      else
        forget_opened(owner, entry)
      end
    end
    call('HSET', sums_of(owner), 'l', text(all))
    return living
  end

  -- Removes sealed tasks of an owner while all of his take more than so many bytes, those that were sealed first.
  local function make_room(owner, taken, most, spared)
    while taken > most do
      local first = call('ZRANGEBYLEX', index_of(owner), '[z', '({', 'LIMIT', 0, 2)
      local entry = first[1]
      if entry and sub(entry, 10, 25) == spared then
        entry = first[2]
      end
      if not entry then
        return
      end
      local sealed, id, expires, stamp, size =
        sub(entry, 2, 9), sub(entry, 10, 25), sub(entry, 26, 33), sub(entry, 34, 41), sub(entry, 42)
      local key = owner .. id
      if call('HGET', task_at(key), 'z') == sealed then
        remove(key)
      else
        forget_sealed(owner, id, stamp, expires, sealed, size)
      end
      taken = taken - size
    end
  end

  return { remove = remove, purge = purge, recount = recount, make_room = make_room }
end
