-- Sends a message on a channel, as Bottleneck does to hand capacity from one of its limiters to the next.
--
-- ARGV[1]  the channel
-- ARGV[2]  the message
-- Reply    how many heard it
return redis.call('PUBLISH', ARGV[1], ARGV[2])
