-- Reads every member with its load.
--
-- Guarantee: all of it is of one instant. One string for all, as a list of tens of thousands costs both sides more.
-- Cost: O(members), so many at most.
--
-- KEYS  1 members   2 loads   as in beat.lua
-- ARGV  1 how many at most
-- Reply { now ms, how many there are, lines 'id lease-end-ms load' } : strings; the load may be empty, and is '!' when it
--       cannot be one
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local listed = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])
local lines, ids = {}, {}
local CHUNK = 1000
local LONGEST_LOAD = 4096
for from = 1, #listed, 2 * CHUNK do
  local count = 0
  for at = from, math.min(from + 2 * CHUNK - 1, #listed), 2 do
    count = count + 1
    ids[count] = listed[at]
  end
  local loads = redis.call('HMGET', KEYS[2], unpack(ids, 1, count))
  for index = 1, count do
    local load = loads[index] or ''
    if #load > LONGEST_LOAD or string.find(load, '\n', 1, true) then load = '!' end
    lines[#lines + 1] = ids[index] .. ' ' .. listed[from + 2 * index - 1] .. ' ' .. load
  end
end
return { string.format('%.0f', now), string.format('%.0f', #lines), table.concat(lines, '\n') }
