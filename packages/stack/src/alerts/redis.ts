import type { Alert } from './alert.js';
import { type AlertContext, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { define, series } from './define.js';

const REDIS = { job: 'redis', instance: 'redis-exporter:9121' } as const;

/** Redis as its exporter sees it. */
export function redis(context: AlertContext): Alert[] {
  return [
    define(context, {
      name: 'RedisDown',
      category: 'fleet',
      severity: 'warning',
      subject: 'redis',
      expr: 'redis_up{job="redis"} == 0',
      forS: 60,
      summary: 'Redis does not answer its exporter',
      description: 'At the end of their leases the collectors poll every target each. Nothing is lost.',
      runbook: {
        meaning: 'The exporter has not reached Redis for a minute, or is not let in.',
        impact:
          'Collectors share targets until their leases are over; then each polls all of them. Points are the same ones, load is higher.',
        look: [
          `${COMPOSE} ps redis redis-exporter`,
          `${COMPOSE} logs --tail 100 redis redis-exporter`,
          "curl -s http://localhost:8080/fleet | jq '{standing, redis}'",
        ],
        act: [
          'Start it: no collector needs a restart, and it may come back empty.',
          'It runs, and the exporter logs `WRONGPASS`: `REDIS_EXPORTER_PASSWORD` in `.env` is not what Redis was started with.',
        ],
      },
      levels: {
        series: (value) => ({ [series('redis_up', REDIS)]: level(value) }),
        fires: 0,
        silent: 1,
        labels: REDIS,
      },
    }),
    define(context, {
      name: 'RedisMemoryHigh',
      category: 'fleet',
      severity: 'warning',
      expr: 'redis_memory_used_bytes{job="redis"} / (redis_memory_max_bytes{job="redis"} > 0) > 0.85',
      forS: 300,
      summary: 'Redis uses {{ $value | humanizePercentage }} of its memory',
      description: 'At the limit it refuses heartbeats (OOM), and collectors go on alone.',
      runbook: {
        meaning: 'For five minutes Redis has used more than 85 % of `maxmemory`.',
        impact: 'At the limit every write is refused; the fleet falls apart as if Redis were away.',
        look: [
          `${COMPOSE} exec redis redis-cli --askpass info memory`,
          `${COMPOSE} exec redis redis-cli --askpass --bigkeys`,
        ],
        act: [
          'Somebody else writes to it: give the fleet a Redis of its own.',
          'Else raise `redis.maxMemory` in the stack file.',
        ],
      },
      levels: {
        series: (share) => ({
          [series('redis_memory_used_bytes', REDIS)]: level(share * 8),
          // Not ten, so that the guard against no limit is tried too.
          [series('redis_memory_max_bytes', REDIS)]: level(8),
        }),
        fires: 0.95,
        silent: 0.5,
        labels: REDIS,
        shown: '95%',
      },
      guards: {
        'it has no limit': {
          [series('redis_memory_used_bytes', REDIS)]: level(8),
          [series('redis_memory_max_bytes', REDIS)]: level(0),
        },
      },
    }),
    define(context, {
      name: 'RedisRejectsConnections',
      category: 'fleet',
      severity: 'warning',
      expr: `rate(redis_rejected_connections_total{job="redis"}[${context.window(300)}]) > 0`,
      forS: 60,
      summary: 'Redis turns connections away',
      description: 'It has as many clients as maxclients lets in.',
      runbook: {
        meaning: 'Redis refused connections because `maxclients` are there.',
        impact: 'Collectors that were turned away go on alone.',
        look: [
          `${COMPOSE} exec redis redis-cli --askpass client list | cut -d' ' -f2,5,6 | sort | uniq -c | sort -rn | head`,
        ],
        act: ['Find who opens so many; a collector has two.', 'Raise `maxclients`.'],
      },
      levels: {
        series: (rate) => ({ [series('redis_rejected_connections_total', REDIS)]: rising(rate) }),
        fires: 2,
        silent: 0,
        windowS: context.windowS(300),
        labels: REDIS,
        shown: '2',
      },
    }),
  ];
}
