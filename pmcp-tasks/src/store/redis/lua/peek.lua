-- How many tasks a holder has here. Nothing, if the worker that asks is buried.
if is_buried(ARGV[2]) then
  return false
end
return call('ZCARD', bucket .. 'h:' .. ARGV[1])
