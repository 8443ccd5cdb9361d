-- The layout of the store, written at its first use, and what the server says of itself.
local layout = bucket .. 'layout'
call('HSETNX', layout, 'version', ARGV[1])
call('HSETNX', layout, 'buckets', ARGV[2])
local known = call('HMGET', layout, 'version', 'buckets')
-- A user of the server may lack the right to ask.
local function info(section)
  local answer = redis.pcall('INFO', section)
  return type(answer) == 'string' and answer or ''
end
return { known[1], known[2], info('memory'), info('persistence') }
