-- Put in place of the line of Bottleneck's scripts that takes the time from their caller: permits expire by Redis' clock,
-- so that no replica whose clock is ahead gives the permits of the others away.
local breakwater_time = redis.call('TIME')
local now = tonumber(breakwater_time[1]) * 1000 + math.floor(tonumber(breakwater_time[2]) / 1000)
