-- Put before Bottleneck's own script that admits a job, in the same step.
--
-- Guarantee: no permit is given while the limit is closed (limiter-beat.lua says when and why), nor before a first beat has
-- noticed that this is another server or that nobody was served for long. A refused job stays in Bottleneck's queue.
do
  local state = redis.call('HMGET', settings_key,
    'breakwater:opens', 'breakwater:seen', 'breakwater:run', 'breakwater:longest')
  local opens, seen, longest = tonumber(state[1] or ''), tonumber(state[2] or ''), tonumber(state[4] or '')
  local known = opens and seen and longest
  if not known or now < opens or now - seen >= longest
    or string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') ~= state[3] then
    return { false }
  end
end
