-- Notes that nothing is left of a buried worker. It stays buried.
if call('SREM', bucket .. 'u', ARGV[1]) == 1 then
  call('SET', bucket .. 'd:' .. ARGV[1], '', 'PX', ARGV[2])
end
return 1
