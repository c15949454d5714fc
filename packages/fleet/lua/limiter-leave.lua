-- A replica that holds no permit any more stops using a limit, so that the others do not share with it.
--
-- KEYS[1]  Bottleneck's settings, a hash
-- ARGV[1]  who leaves
-- Reply    1 when it was known, else 0
return redis.call('HDEL', KEYS[1], 'breakwater:user:' .. ARGV[1])
