-- One beat of one replica that uses a limit: says what it wants, and learns what holds for all, in one step by Redis' clock.
--
-- Guarantee: the limit opens only when every job that somebody may run without Redis knowing of it has ended. It closes
-- for one longest hold and a while to notice (`settle`) whenever what is stored may not be the truth: it is new, this is
-- another server (restarted, or a replica that took over without the last writes), or nobody was served for so long that
-- replicas may have gone over to their shares. The smallest `concurrent` of all replicas that are here counts.
-- While the limit is open, each replica that is `settled` is counted by every other one.
--
-- KEYS[1]  Bottleneck's settings, a hash; our fields in it start with `breakwater:`, so that they are lost with it
-- ARGV[1]  who beats, unique to one limiter of one process
-- ARGV[2]  how many it wants at once
-- ARGV[3]  how long one of its permits may be held, in ms
-- ARGV[4]  settle, in ms
-- Reply    { 'gone' } when there is no limit stored; else
--          { 'here', concurrent, longest hold, ms until it opens, users, settled (1 or 0), differ (1 or 0), reborn (1 or 0) }
local OURS = 'breakwater:'
local USER = OURS .. 'user:'

if redis.call('HEXISTS', KEYS[1], 'running') == 0 then return { 'gone' } end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local me, settle = ARGV[1], tonumber(ARGV[4])
local concurrent, longest, differ = tonumber(ARGV[2]), tonumber(ARGV[3]), 0
local joined, others_since, users = now, now, 1

local stored = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if string.sub(field, 1, #USER) == USER then
    local since, seen, wants, holds = string.match(value, '^(%d+) (%d+) (%d+) (%d+)$')
    since, seen, wants, holds = tonumber(since), tonumber(seen), tonumber(wants), tonumber(holds)
    if not since or wants < 1 or now - seen > holds + settle then
      redis.call('HDEL', KEYS[1], field)
    elseif string.sub(field, #USER + 1) == me then
      joined = math.min(since, now)
    else
      users = users + 1
      others_since = math.min(others_since, seen)
      if wants ~= tonumber(ARGV[2]) or holds ~= tonumber(ARGV[3]) then differ = 1 end
      concurrent = math.min(concurrent, wants)
      longest = math.max(longest, holds)
    end
  elseif string.sub(field, 1, #OURS) == OURS then
    stored[string.sub(field, #OURS + 1)] = value
  end
end

local opens, seen = tonumber(stored['opens'] or ''), tonumber(stored['seen'] or '')
local reborn = 0
if not opens or not seen or stored['run'] ~= run or now - seen >= longest then
  opens = now + longest + settle
  reborn = 1
end
-- Further off than it can be: Redis' clock was set back.
opens = math.min(opens, now + longest + settle)

redis.call('HSET', KEYS[1],
  OURS .. 'opens', opens, OURS .. 'seen', now, OURS .. 'run', run, OURS .. 'longest', longest,
  USER .. me, string.format('%.0f %.0f %s %s', joined, now, ARGV[2], ARGV[3]))
if tonumber(redis.call('HGET', KEYS[1], 'maxConcurrent')) ~= concurrent then
  redis.call('HSET', KEYS[1], 'maxConcurrent', concurrent)
end

local settled = 0
if others_since >= joined then settled = 1 end
return { 'here', concurrent, longest, math.max(opens - now, 0), users, settled, differ, reborn }
