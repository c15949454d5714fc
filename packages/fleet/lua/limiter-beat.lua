-- One beat of one replica that uses a limit: says what it wants, and learns what holds for all, in one step by Redis' clock.
--
-- Guarantee: the limit opens only when every job that somebody may run without Redis knowing of it has ended. It closes
-- for one longest hold and a while to notice (`settle`) whenever what is stored may not be the truth: this is another
-- server (restarted, or a replica that took over without the last writes), or some replica did not leave, and nobody was
-- served for so long that it may have gone over to its share. A limit that is new in a server that has run for longer than
-- that is closed for `settle`, unless a replica comes in the meantime that knew the limit in a former `life`: then Redis
-- has forgotten it, and it is closed as above, counted from its birth. The smallest `concurrent` of all replicas that are
-- here counts. While the limit is open, each replica that is `settled` is counted by every other one.
--
-- KEYS[1]  Bottleneck's settings, a hash; our fields in it start with `breakwater:`, so that they are lost with it
-- ARGV[1]  who beats, unique to one limiter of one process
-- ARGV[2]  how many it wants at once
-- ARGV[3]  how long one of its permits may be held, in ms
-- ARGV[4]  settle, in ms
-- ARGV[5]  the life of the limit in which it may have had permits; empty: it never had any
-- Reply    { 'gone' } when there is no limit stored; else
--          { 'here', concurrent, longest hold, ms until it opens, users, settled (1 or 0), differ (1 or 0),
--            why it was closed last (1 new, 2 another server, 3 nobody was served, 4 forgotten), its life }
local OURS = 'breakwater:'
local USER = OURS .. 'user:'

if redis.call('HEXISTS', KEYS[1], 'running') == 0 then return { 'gone' } end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local info = redis.call('INFO', 'server')
local run = string.match(info, 'run_id:(%w+)') or ''
-- A second less than it says: it counts in whole ones.
local started = now - math.max(0, (tonumber(string.match(info, 'uptime_in_seconds:(%d+)') or '') or 0) - 1) * 1000
local me, settle = ARGV[1], tonumber(ARGV[4])
local concurrent, longest, differ = tonumber(ARGV[2]), tonumber(ARGV[3]), 0
local joined, others_since, users, known = now, now, 1, 0

local stored = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local field, value = all[i], all[i + 1]
  if string.sub(field, 1, #USER) == USER then
    known = known + 1
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

local opens, seen, born = tonumber(stored['opens'] or ''), tonumber(stored['seen'] or ''), tonumber(stored['born'] or '')
local why = tonumber(stored['why'] or '') or 1
if not opens or not seen or not born then
  -- What a former process of this server admitted ended so long after the start of this one.
  born, why = now, 1
  opens = math.max(now + settle, started + longest + settle)
elseif stored['run'] ~= run then
  opens, why = now + longest + settle, 2
elseif known > 0 and now - seen >= longest then
  opens, why = now + longest + settle, 3
end
local life = string.format('%.0f', born)
if ARGV[5] ~= '' and ARGV[5] ~= life and opens < born + longest + settle and now < born + longest + settle then
  opens, why = born + longest + settle, 4
end
-- Further off than it can be: Redis' clock was set back.
opens = math.min(opens, now + longest + settle)

redis.call('HSET', KEYS[1],
  OURS .. 'opens', opens, OURS .. 'born', life, OURS .. 'why', why, OURS .. 'seen', now, OURS .. 'run', run, OURS .. 'longest', longest,
  USER .. me, string.format('%.0f %.0f %s %s', joined, now, ARGV[2], ARGV[3]))
if tonumber(redis.call('HGET', KEYS[1], 'maxConcurrent')) ~= concurrent then
  redis.call('HSET', KEYS[1], 'maxConcurrent', concurrent)
end

local settled = 0
if others_since >= joined then settled = 1 end
return { 'here', concurrent, longest, math.max(opens - now, 0), users, settled, differ, why, life }
