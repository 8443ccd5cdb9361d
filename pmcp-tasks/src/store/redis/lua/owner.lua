-- Names of what is kept of an owner.
--
-- `o:` orders an owner's tasks, all with the score 0: `l` by stamp and id, the list; `q` by expiry, the open ones; `z` by the
-- time they were sealed, and `x` by expiry, the sealed ones. The last two end with what else is known of a task, so that it
-- can be forgotten when the server has removed the task itself. `b:` has the bytes that open (`l`) and sealed (`s`) ones take.

local function index_of(owner)
  return bucket .. 'o:' .. owner
end

local function sums_of(owner)
  return bucket .. 'b:' .. owner
end

local function listed(id, stamp, expires)
  return 'l' .. stamp .. id .. expires
end

local function opened(id, stamp, expires)
  return 'q' .. expires .. id .. stamp
end

local function sealed_entries(id, stamp, expires, sealed, size)
  return 'z' .. sealed .. id .. expires .. stamp .. size, 'x' .. expires .. id .. sealed .. stamp .. size
end
