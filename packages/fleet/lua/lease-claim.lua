-- Renews a lease for its holder, or gives it away when it is free or over, or says who has it: in one step, by Redis' own clock.
--
-- Guarantee: while Redis keeps its memory, at most one holder has the lease at any time of its clock, and every grant has
-- a higher token than all before. The token is at least Redis' time in microseconds, so that it grows when the memory was
-- lost too. A claim that is run after its last instant (it lay in a buffer while Redis stood still) changes nothing.
--
-- KEYS[1]  a hash without expiry: holder, token, lease (ms), until (ms of Redis' clock)
-- ARGV[1]  who claims; unique to one candidate, so that a lease of the same holder may be given to it anew
-- ARGV[2]  the token that it renews, '' when it has none
-- ARGV[3]  how long the lease shall last, in ms
-- ARGV[4]  a new token shall be higher than this one too, 0 when none is known
-- ARGV[5]  the last instant at which the claim counts, in ms of Redis' clock
-- Reply    { 'granted' | 'renewed' | 'held' | 'late' | 'damaged', holder, token, until, now }, all of them strings
local HIGHEST_TOKEN = 9000000000000000
local LONGEST_LEASE_MS = 3600000

local function text(number) return string.format('%.0f', number) end

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local function reply(outcome, holder, token, ends)
  return { outcome, holder, text(token), text(ends), text(now) }
end

if now > tonumber(ARGV[5]) then return reply('late', '', 0, 0) end

local kind = redis.call('TYPE', KEYS[1])['ok']
if kind ~= 'hash' and kind ~= 'none' then return reply('damaged', '', 0, 0) end

local holder, token, lease, ends = '', 0, 0, 0
if kind == 'hash' then
  local stored = redis.call('HMGET', KEYS[1], 'holder', 'token', 'lease', 'until')
  holder, token, lease, ends = stored[1], tonumber(stored[2] or ''), tonumber(stored[3] or ''), tonumber(stored[4] or '')
  local sound = holder and token and lease and ends
    and token >= 0 and token <= HIGHEST_TOKEN and token == math.floor(token)
    and lease >= 0 and lease <= LONGEST_LEASE_MS and ends >= 0 and ends < HIGHEST_TOKEN
  if not sound then return reply('damaged', '', 0, 0) end
end

local wanted = tonumber(ARGV[3])
if holder == ARGV[1] and ARGV[2] ~= '' and token == tonumber(ARGV[2]) and ends > now then
  redis.call('HSET', KEYS[1], 'lease', text(wanted), 'until', text(now + wanted))
  return reply('renewed', holder, token, now + wanted)
end

if holder ~= ARGV[1] and ends > now then
  -- Further off than it ever was: Redis' clock was set back, and nobody shall wait for that.
  if ends - now > lease then
    ends = now + lease
    redis.call('HSET', KEYS[1], 'until', text(ends))
  end
  return reply('held', holder, token, ends)
end

local granted = math.max(token + 1, now_us, tonumber(ARGV[4]) + 1)
if granted > HIGHEST_TOKEN then return reply('damaged', '', 0, 0) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'token', text(granted), 'lease', text(wanted), 'until', text(now + wanted))
return reply('granted', ARGV[1], granted, now + wanted)
