-- Hears what one member says about the keys of a breaker, decides what is open in the fleet, and tells what it does not know.
--
-- Guarantee: one step, by Redis' own clock. A key opens when strikes of a quorum of members stand that were all heard of
-- lately; one member at a time has its probe lease; a verdict counts for the opening that it is about, no later one.
-- Versions only grow, through a restart with an empty memory too. A sync that is run after its last instant (it lay in a
-- buffer while Redis stood still) changes nothing. A record that no script of ours wrote is dropped. When Redis' clock was set
-- back, everything is: what is open by instants that are far off would stay open until they come.
--
-- KEYS[1]  a hash: key of the breaker -> its record, JSON
-- KEYS[2]  a sorted set: the keys that are open or were lately, by version
-- KEYS[3]  a sorted set: the keys of all records, by the time (ms) at which they are over
-- KEYS[4]  a sorted set: members, by the time (ms) at which they were heard of
-- KEYS[5]  a hash: epoch, version, floor (the highest version that was forgotten), clock (ms at the last sync)
-- ARGV[1]  the last instant at which it counts, in ms of Redis' clock
-- ARGV[2]  the channel on which decisions are told
-- ARGV[3]  a random word: the epoch, if there is none
-- ARGV[4]  the member; ARGV[5] the epoch it knows; ARGV[6] the version up to which it knows all, 0 for nothing
-- ARGV[7]  quorum; ARGV[8] after how many ms a silent member's strikes do not count
-- ARGV[9]  limits: records, those read at once, ms that a closing is kept, ms that an opening outlives its open time
-- ARGV[10..]  what it says, five each: verb, key, a, b, c
--             strike: for ms, open ms, attempts · relief · closed: period · failed: period, open ms, attempts
--             probe: period, lease ms · yield
-- Reply    { 'late', now }, { 'damaged', now, a key that holds something else }, or { 'ok', now, epoch, version, full, more, members, refused, seven for each hint: key, state,
--          period, left ms, attempts, holder, lease ms }, all of them strings
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local DAY_MS = 86400000
local MOST_PURGED = 100
-- Less is what the clocks of a master and its replica differ by, and harmless.
local SET_BACK_MS = 5000

local function text(number) return string.format('%.0f', number) end

if now > tonumber(ARGV[1]) then return { 'late', text(now) } end

local TYPES = { 'hash', 'zset', 'zset', 'zset', 'hash' }
for i = 1, 5 do
  local kind = redis.call('TYPE', KEYS[i])['ok']
  if kind ~= 'none' and kind ~= TYPES[i] then return { 'damaged', text(now), KEYS[i] } end
end

local member, since = ARGV[4], tonumber(ARGV[6])
local quorum, silent = tonumber(ARGV[7]), tonumber(ARGV[8])
local limits = cjson.decode(ARGV[9])
local most_records, most_read, tombstone, linger = limits[1], limits[2], limits[3], limits[4]

local meta = redis.call('HMGET', KEYS[5], 'epoch', 'version', 'floor', 'clock')
local epoch, version, floor = meta[1], tonumber(meta[2] or ''), tonumber(meta[3] or '')
local sound = epoch and #epoch <= 64 and version and floor and version == version and version <= 9e15
if not sound or (tonumber(meta[4] or '') or 0) - now > SET_BACK_MS then
  epoch, version, floor = ARGV[3], sound and version or 0, 0
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  redis.call('HSET', KEYS[5], 'epoch', epoch, 'version', text(version), 'floor', '0')
end
local before = version

local function number(value) return type(value) == 'number' and value == value and math.abs(value) < 9e15 end

local function forget(key)
  redis.call('HDEL', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end

local function load(key)
  local stored = redis.call('HGET', KEYS[1], key)
  if not stored then return nil end
  local read, record = pcall(cjson.decode, stored)
  local sound = read and type(record) == 'table' and type(record.strikes) == 'table' and type(record.holder) == 'string'
    and (record.state == 'struck' or record.state == 'open' or record.state == 'closed')
    and type(record.period) == 'string' and number(tonumber(record.period)) and number(record['until'])
    and number(record.attempts) and number(record.lease) and number(record.ends)
  if sound then return record end
  forget(key)
  return nil
end

local function store(key, record)
  redis.call('HSET', KEYS[1], key, cjson.encode(record))
  redis.call('ZADD', KEYS[3], text(record.ends), key)
end

local function next_version()
  version = math.max(version + 1, now_us)
  return text(version)
end

local function heard(id)
  local seen = redis.call('ZSCORE', KEYS[4], id)
  return seen and now - tonumber(seen) <= silent
end

local function open(key, record, open_ms, attempts)
  if record.state == 'open' then attempts = math.max(attempts, record.attempts) end
  record.state, record.strikes, record.period = 'open', {}, next_version()
  record['until'], record.attempts, record.holder, record.lease = now + open_ms, attempts, '', 0
  record.ends = record['until'] + linger
  redis.call('ZADD', KEYS[2], record.period, key)
end

local function close(key, record)
  record.state, record.strikes, record.period, record.holder, record.lease = 'closed', {}, next_version(), '', 0
  record.ends = now + tombstone
  redis.call('ZADD', KEYS[2], record.period, key)
end

-- Returns how many strikes found no room.
local function strike(key, record, for_ms, open_ms, attempts)
  if record == nil then
    if redis.call('HLEN', KEYS[1]) >= most_records then return 1 end
    record = { state = 'struck', strikes = {}, period = '0', attempts = 0, holder = '', lease = 0, ends = 0 }
    record['until'] = 0
  end
  if record.state == 'open' then return 0 end
  record.strikes[member] = now + for_ms
  local standing = 0
  for id, ends in pairs(record.strikes) do
    if number(ends) and ends > now and heard(id) then standing = standing + 1 else record.strikes[id] = nil end
  end
  record.ends = math.max(record.ends, now + for_ms)
  if standing >= quorum then open(key, record, open_ms, attempts) end
  store(key, record)
  return 0
end

local function judge(verb, key, record, a, b, c)
  local held = record.holder ~= '' and record.lease > now
  local mine = record.holder == member
  if verb == 'yield' then
    if not mine then return end
    record.holder = ''
  elseif a ~= tonumber(record.period) then
    return
  elseif verb == 'closed' then
    close(key, record)
  elseif verb == 'failed' then
    if held and not mine then return end
    open(key, record, b, c)
  elseif verb == 'probe' then
    if (held and not mine) or now < record['until'] then return end
    record.holder, record.lease = member, now + b
    record.ends = record.lease + linger
  end
  store(key, record)
end

redis.call('ZADD', KEYS[4], text(now), member)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now - linger))
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', text(now), 'LIMIT', 0, MOST_PURGED)) do
  floor = math.max(floor, tonumber(redis.call('ZSCORE', KEYS[2], key) or '0'))
  forget(key)
end

local refused, asked = 0, {}
for i = 10, #ARGV, 5 do
  local verb, key = ARGV[i], ARGV[i + 1]
  local a, b, c = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local record = load(key)
  if verb == 'strike' then
    refused = refused + strike(key, record, a, b, c)
  elseif record and verb == 'relief' then
    record.strikes[member] = nil
    if record.state == 'struck' and next(record.strikes) == nil then forget(key) else store(key, record) end
  elseif record and record.state == 'open' then
    judge(verb, key, record, a, b, c)
  end
  if verb == 'probe' then asked[#asked + 1] = key end
end

if version > before then
  redis.call('PUBLISH', ARGV[2], text(version))
  for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], DAY_MS) end
end
redis.call('HSET', KEYS[5], 'version', text(version), 'floor', text(floor), 'clock', text(now))
redis.call('PEXPIRE', KEYS[5], DAY_MS)
redis.call('PEXPIRE', KEYS[4], DAY_MS)

local full = since == 0 or ARGV[5] ~= epoch or since > version or since < floor
local from = full and 0 or since
local news = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. text(from), '+inf', 'LIMIT', 0, most_read + 1)
local more = #news > most_read
local known = version
if more then
  news[#news] = nil
  known = tonumber(redis.call('ZSCORE', KEYS[2], news[#news]))
end

local members = redis.call('ZCOUNT', KEYS[4], text(now - silent), '+inf')
local reply = { 'ok', text(now), epoch, text(known), full and '1' or '0', more and '1' or '0', text(members), text(refused) }
local told = {}
local function tell(key)
  if told[key] then return end
  told[key] = true
  local record = load(key)
  if not record or record.state == 'struck' then return end
  local holder, lease = '', 0
  if record.lease > now and record.holder ~= '' then holder, lease = record.holder, record.lease - now end
  local left = record.state == 'open' and record['until'] - now or 0
  for _, part in ipairs({ key, record.state, record.period, text(left), text(record.attempts), holder, text(lease) }) do
    reply[#reply + 1] = part
  end
end
for _, key in ipairs(news) do tell(key) end
for _, key in ipairs(asked) do tell(key) end
return reply
