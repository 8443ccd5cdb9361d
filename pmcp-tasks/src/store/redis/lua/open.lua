-- The layout of the store, written at its first use unless it is only looked for, and what the server says of itself.
local layout = bucket .. 'layout'
if ARGV[3] == 'make' then
  call('HSETNX', layout, 'version', ARGV[1])
  call('HSETNX', layout, 'buckets', ARGV[2])
end
local known = call('HMGET', layout, 'version', 'buckets')
-- A user of the server may lack the right to ask.
local function info(section)
  local answer = redis.pcall('INFO', section)
  return type(answer) == 'string' and answer or ''
end
return { known[1] or '0', known[2] or '0', info('memory'), info('persistence') }
