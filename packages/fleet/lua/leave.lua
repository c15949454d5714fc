-- A member leaves: others take over what it had at once, not when its lease is over.
--
-- Guarantee: only the run of the id that has the lease gives it up; a late call of an earlier run changes nothing. While
-- an even earlier run of the id may hold something, the id stays until that one's lease is over. A beat that this run sent
-- before, and that comes only within the next five minutes, changes nothing.
--
-- KEYS  1 members   2 sharers   3 applied   4 records   5 left   6 state   as in beat.lua
-- ARGV  1 id   2 incarnation   3 until when it worked, ms   4 channel
-- Reply 'left', 'waits', or 'unknown'
local MEMBERS, SHARERS, APPLIED, RECORDS, LEFT, STATE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id = ARGV[1]
local REMEMBERED_MS = 300000
local MOST_REMEMBERED = 100000

local function text(number) return string.format('%.0f', number) end

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(now_us / 1000)

redis.call('ZREMRANGEBYSCORE', LEFT, '-inf', now)
redis.call('ZADD', LEFT, text(now + REMEMBERED_MS), id .. ' ' .. ARGV[2])
redis.call('ZREMRANGEBYRANK', LEFT, 0, -MOST_REMEMBERED - 1)
redis.call('PEXPIRE', LEFT, REMEMBERED_MS)

local run, sequence, joined, wait, load =
  string.match(redis.call('HGET', RECORDS, id) or '', '^%S+ %d+ (%S+) (%d+) (%d+) (%d+) (.*)$')
if run ~= ARGV[2] then return 'unknown' end

if tonumber(wait) > now then
  redis.call('HSET', RECORDS, id, table.concat({ id, wait, '-', sequence, joined, wait, load }, ' '))
  redis.call('ZADD', MEMBERS, 'XX', wait, id)
  redis.call('ZADD', SHARERS, 'XX', wait, id)
  return 'waits'
end

redis.call('ZREM', MEMBERS, id)
redis.call('ZREM', APPLIED, id)
redis.call('HDEL', RECORDS, id)
if redis.call('ZREM', SHARERS, id) == 1 then
  local stored = redis.call('HMGET', STATE, 'version', 'removed')
  local version = math.max((tonumber(stored[1] or '0') or 0) + 1, now_us)
  local removed = math.max(tonumber(stored[2] or '0') or 0, math.min(tonumber(ARGV[3]), now))
  redis.call('HSET', STATE, 'version', text(version), 'removed', text(removed))
  redis.call('PUBLISH', ARGV[4], text(version))
end
return 'left'
