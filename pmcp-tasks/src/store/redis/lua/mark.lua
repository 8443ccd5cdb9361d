-- Notes in this bucket that a worker is buried.
call('SET', bucket .. 'd:' .. ARGV[1], '', 'PX', ARGV[2])
return 1
