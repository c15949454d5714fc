-- Ends a lease before its time and says so to whoever waits for it.
--
-- Guarantee: only the lease with this holder and this token ends, so that it harms nobody when it is run late. The token
-- stays, and the next one is higher.
--
-- KEYS[1]  the lease, as in lease-claim.lua
-- ARGV[1]  holder   ARGV[2]  token   ARGV[3]  channel that is told
-- Reply    1 when it ended a lease, 0 when there was none of that holder and token
if redis.call('TYPE', KEYS[1])['ok'] ~= 'hash' then return 0 end
local stored = redis.call('HMGET', KEYS[1], 'holder', 'token')
if stored[1] ~= ARGV[1] or stored[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'holder', '', 'until', '0')
redis.call('PUBLISH', ARGV[3], 'free')
return 1
