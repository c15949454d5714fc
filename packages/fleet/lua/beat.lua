-- A member's heartbeat: renews its lease or lets it join, removes whose lease is over, and says what it has to know.
--
-- Guarantee: the sharers, their version, and what each has applied change in one step, by Redis' own clock. A version is
-- higher than all before, through a restart with empty memory too (it is at least Redis' time in microseconds). While an
-- earlier run of an id may hold something, a later run of it does not count as having applied anything. A beat that runs
-- after a later one of its sender, or after its sender left, changes nothing. When Redis turns out to have forgotten what
-- a member was told, the epoch changes.
-- Cost: O(log n), and O(sharers) when the caller does not know the version. Removes 64 members a call at most.
--
-- KEYS  1 members (zset: id, lease end ms)   2 sharers (zset: id, lease end ms)   3 applied (zset: sharer, version)
--       4 records (hash: id, 'id lease-end incarnation sequence joined wait-until load'; who left while an earlier run
--         may hold something has the incarnation '-')
--       5 left (zset: 'id incarnation', until when it is remembered, ms)
--       6 state (hash: epoch, version, removed ms, released ms: the earliest stop since the latest one joined)
-- ARGV  1 id   2 incarnation   3 sequence   4 lease ms   5 '1' when it shares   6 applied   7 stopped at, ms
--       8 epoch, 9 version and 10 lease end that it was told   11 load, '' for none   12 channel
-- Reply { 'superseded', now } or { 'admitted', now, lease end, epoch, version, joined, wait until, behind, removed,
--       released, members, count of ends [, sharer, lease end ...] [, sharer ...] }: strings; the leases that end next, 32
--       at most; all sharers only when the caller knows another version or epoch
local MEMBERS, SHARERS, APPLIED, RECORDS, LEFT, STATE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id, incarnation, sequence, shares = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5] == '1'
local told_version, told_end = tonumber(ARGV[9]), tonumber(ARGV[10])
local REMOVED_AT_ONCE = 64
local MOST_SHARERS = 10000
local ENDS_TOLD = 32
local HIGHEST = 9000000000000000
local LONGEST_EPOCH = 100

local function text(number) return string.format('%.0f', number) end
local function sound(number) return number and number >= 0 and number <= HIGHEST end

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(now_us / 1000)

local stored = redis.call('HMGET', STATE, 'epoch', 'version', 'removed', 'released')
local epoch, version = stored[1], tonumber(stored[2] or '0')
local removed, released = tonumber(stored[3] or '0'), tonumber(stored[4] or '0')
if not (sound(version) and sound(removed) and sound(released)) then
  return redis.error_reply('DAMAGED ' .. STATE .. ' holds what is no state of a fleet: delete it')
end

local run, last, joined, wait = nil, 0, 0, 0
local record = redis.call('HGET', RECORDS, id)
if record then
  local sequence_text, joined_text, wait_text
  run, sequence_text, joined_text, wait_text = string.match(record, '^%S+ %d+ (%S+) (%d+) (%d+) (%d+) ')
  if run then last, joined, wait = tonumber(sequence_text), tonumber(joined_text), tonumber(wait_text) end
  if not (sound(last) and sound(joined) and sound(wait)) then run, last, joined, wait = nil, 0, 0, 0 end
end
local lease_end = tonumber(redis.call('ZSCORE', MEMBERS, id) or '0')

if run and run > incarnation and told_end > 0 and lease_end > now then return { 'superseded', text(now) } end
-- It came late, on another connection than the farewell: nobody waits for the answer.
if run ~= incarnation and redis.call('ZSCORE', LEFT, id .. ' ' .. incarnation) then return { 'superseded', text(now) } end

local changed, version_before = false, version
local function change()
  if not changed then version = math.max(version + 1, now_us) end
  changed = true
end

-- A lease that ends later than any can: Redis' clock was set back, and nobody shall wait for that.
local furthest = now + 1 + 4 * tonumber(ARGV[4])
local last_end = redis.call('ZRANGE', SHARERS, -1, -1, 'WITHSCORES')[2]
if last_end and tonumber(last_end) > furthest then
  for _, far in ipairs(redis.call('ZRANGEBYSCORE', SHARERS, '(' .. text(furthest), '+inf', 'LIMIT', 0, REMOVED_AT_ONCE)) do
    redis.call('ZADD', SHARERS, text(now + 1 + tonumber(ARGV[4])), far)
  end
end
wait = math.min(wait, furthest)

-- Whose lease is over. A lease that ended long ago still says until when something may have been done.
local over = redis.call('ZRANGEBYSCORE', SHARERS, '-inf', now, 'WITHSCORES', 'LIMIT', 0, REMOVED_AT_ONCE)
for at = 1, #over, 2 do
  redis.call('ZREM', SHARERS, over[at])
  redis.call('ZREM', APPLIED, over[at])
  removed = math.max(removed, tonumber(over[at + 1]))
  change()
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', MEMBERS, '-inf', now, 'LIMIT', 0, REMOVED_AT_ONCE)) do
  redis.call('ZREM', MEMBERS, gone)
  redis.call('HDEL', RECORDS, gone)
end

local present = lease_end > now
local same = present and run == incarnation
local forgot = told_version > version_before or (present and same and lease_end < told_end)
  or (not same and told_end > now)
if epoch and not string.find(epoch, '^[%w.-]+$') or #(epoch or '') > LONGEST_EPOCH then epoch = false end
if not epoch or forgot then epoch = incarnation .. '.' .. ARGV[3] end

-- What it applied last, as long as it counts.
local applied = 0
if not same or sequence > last then
  if present and not same then wait = math.max(wait, lease_end) end
  if not present then wait = 0 end
  local known_applied = shares and redis.call('ZSCORE', APPLIED, id)
  lease_end = now + 1 + tonumber(ARGV[4])
  if shares and (joined == 0 or not redis.call('ZSCORE', SHARERS, id)) then
    change()
    joined = version
    released = 0
    known_applied = false
  elseif not shares then
    joined = 0
  end
  redis.call('ZADD', MEMBERS, text(lease_end), id)
  redis.call('HSET', RECORDS, id, id .. ' ' .. text(lease_end) .. ' ' .. incarnation .. ' ' .. ARGV[3] .. ' '
    .. text(joined) .. ' ' .. text(wait) .. ' ' .. ARGV[11])
  if shares then
    redis.call('ZADD', SHARERS, text(lease_end), id)
    known_applied = tonumber(known_applied or '0')
    applied = wait > now and known_applied or tonumber(ARGV[6])
    if applied ~= known_applied or applied == 0 then redis.call('ZADD', APPLIED, text(applied), id) end
    local stopped = math.min(tonumber(ARGV[7]), now)
    if stopped > 0 and (released == 0 or stopped < released) then released = stopped end
    -- The last one to apply a version sets free who waits for it.
    if applied > known_applied and redis.call('ZCOUNT', APPLIED, '-inf', '(' .. text(version)) == 0 then
      redis.call('PUBLISH', ARGV[12], text(version))
    end
  end
else
  applied = tonumber(redis.call('ZSCORE', APPLIED, id) or '0')
end

if changed then redis.call('PUBLISH', ARGV[12], text(version)) end
if changed or epoch ~= stored[1] or released ~= tonumber(stored[4] or '0') then
  redis.call('HSET', STATE, 'epoch', epoch, 'version', text(version), 'removed', text(removed), 'released', text(released))
end

-- Both list the sharers. Who is missing from one of them, since Redis evicted a key or another hand was at it, is waited for
-- if it is there, and nobody else is.
local function missing() return redis.call('ZCARD', SHARERS) - redis.call('ZCARD', APPLIED) end
local behind, ends = 0, {}
if shares then
  if missing() < 0 then
    for _, lowest in ipairs(redis.call('ZRANGE', APPLIED, 0, REMOVED_AT_ONCE - 1)) do
      if not redis.call('ZSCORE', SHARERS, lowest) then redis.call('ZREM', APPLIED, lowest) end
    end
  end
  behind = redis.call('ZCOUNT', APPLIED, '-inf', '(' .. text(joined)) + math.max(0, missing())
  if applied < joined then behind = behind - 1 end
  ends = redis.call('ZRANGE', SHARERS, 0, ENDS_TOLD - 1, 'WITHSCORES')
end
local reply = { 'admitted', text(now), text(lease_end), epoch, text(version), text(joined), text(wait), text(behind),
  text(removed), text(released), text(redis.call('ZCARD', MEMBERS)), text(#ends / 2) }
for at = 1, #ends do reply[#reply + 1] = ends[at] end
if shares and (version ~= told_version or epoch ~= ARGV[8]) then
  if redis.call('ZCARD', SHARERS) > MOST_SHARERS then
    return redis.error_reply('FULL ' .. SHARERS .. ' holds more than ' .. MOST_SHARERS .. ' members that share: delete it')
  end
  for _, sharer in ipairs(redis.call('ZRANGE', SHARERS, 0, -1)) do reply[#reply + 1] = sharer end
end
return reply
