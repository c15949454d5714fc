import { type Board, type BoardContext, collectorsUp, firing, steps, timeline } from './board.js';
import { ANSWERING, chosen, max, min, quantile, rate, sum } from './query.js';

const CATEGORIES = ['fleet', 'availability'] as const;
const REDIS = 'job="redis"';

const STANDINGS = [
  ['member', 'green'],
  ['joining', 'blue'],
  ['unsure', 'yellow'],
  ['out', 'red'],
  ['alone', 'orange'],
] as const;

export function fleet(context: BoardContext): Board {
  const { stack, collectors } = context.plan;
  const memory = `max(redis_memory_used_bytes{${REDIS}} / (redis_memory_max_bytes{${REDIS}} > 0))`;
  return {
    file: 'fleet',
    title: 'Fleet',
    description: 'How the collectors share their targets over Redis: who is a member, who owns what, and how Redis is.',
    job: collectors.name,
    identity: 'fleet_sharers',
    started: 'process_start_time_seconds',
    variables: [],
    categories: CATEGORIES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(CATEGORIES),
          collectorsUp(context),
          {
            kind: 'stat',
            title: 'Not seen by the fleet',
            description: 'Collectors that are up and that no other counts among those that share the work.',
            unit: 'none',
            queries: [{ expr: `${ANSWERING} - ${max(chosen('fleet_sharers'))}` }],
            ...context.limitedBy('FleetSmallerThanSeen'),
          },
          {
            kind: 'stat',
            title: 'Alone',
            description: 'Collectors that poll everything, since they cannot ask Redis.',
            unit: 'none',
            queries: [{ expr: sum(chosen('fleet_standing', 'standing="alone"')) }],
            ...context.limitedBy('CollectorAlone'),
          },
          {
            kind: 'stat',
            title: 'Not settled',
            description: 'Collectors that are joining, unsure or out: they leave their turns to others or wait.',
            unit: 'none',
            queries: [{ expr: sum(chosen('fleet_standing', 'standing=~"joining|unsure|out"')) }],
            ...context.limitedBy('CollectorNotSettled'),
          },
          {
            kind: 'stat',
            title: 'Redis, as collectors see it',
            description: 'Whether every collector can ask Redis.',
            unit: 'none',
            queries: [{ expr: min(chosen('fleet_redis_connected')) }],
            states: [
              { value: 0, text: 'not reached', colour: 'orange' },
              { value: 1, text: 'reached', colour: 'green' },
            ],
            steps: context.limits('FleetRedisUnreachable'),
            alerts: ['FleetRedisUnreachable', 'RedisDown'],
          },
          {
            kind: 'stat',
            title: 'Targets owned',
            description:
              'Targets that have an owner, over all collectors: as many as there are. More: some are polled twice.',
            unit: 'none',
            queries: [{ expr: sum(chosen('fleet_owned')) }],
          },
          {
            kind: 'stat',
            title: 'Memory of Redis',
            description: 'Memory in use against the most that Redis takes.',
            unit: 'percentunit',
            decimals: 1,
            queries: [{ expr: memory }],
            ...context.limitedBy('RedisMemoryHigh'),
          },
        ],
      },
      {
        title: 'Who shares the work',
        perLine: 2,
        panels: [
          timeline({
            title: 'Standing',
            description: 'Where each collector stands among those that share the work.',
            of: (standing) => chosen('fleet_standing', `standing="${standing}"`),
            states: STANDINGS,
            labels: ['instance'],
            alerts: ['CollectorAlone', 'CollectorNotSettled'],
          }),
          {
            kind: 'series',
            title: 'Targets owned by collector',
            description: 'Each collector owns about the same number; after one went its targets are with the others.',
            unit: 'none',
            stacked: true,
            queries: [{ expr: chosen('fleet_owned'), legend: '{{instance}}' }],
          },
          {
            kind: 'series',
            title: 'Members, as each collector knows them',
            description:
              'Members that share the work, and members whose part is taken over while Redis cannot be asked. Lines that differ for longer than a lease: collectors do not see each other.',
            unit: 'none',
            min: 0,
            queries: [
              { expr: chosen('fleet_sharers'), legend: '{{instance}}' },
              { expr: `${chosen('fleet_presumed_dead')} > 0`, legend: '{{instance}} presumes dead' },
            ],
            alerts: ['FleetSmallerThanSeen'],
          },
          {
            kind: 'series',
            title: 'Moves',
            rare: true,
            description:
              'Targets gained and lost in a second. Moves without a change of collectors mean leases that run out.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(chosen('fleet_ownership_moves_total')), 'instance', 'direction'),
                legend: '{{direction}} {{instance}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Lease left',
            description: `Time left of each collector's lease of ${stack.collectors.lease} s; at zero others take its targets.`,
            unit: 's',
            min: 0,
            queries: [{ expr: chosen('fleet_lease_left_seconds'), legend: '{{instance}}' }],
            steps: steps('red', [stack.collectors.lease / 3, 'green']),
            alerts: ['CollectorNotSettled'],
          },
          {
            kind: 'series',
            title: 'Changes',
            rare: true,
            description:
              'Changes of standing, epochs (Redis forgot what it knew), ids that another process took, and work that went on after it was to end.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(chosen('fleet_standing_changes_total')), 'to'), legend: 'to {{to}}' },
              { expr: sum(rate(chosen('fleet_epoch_changes_total'))), legend: 'epochs' },
              { expr: sum(rate(chosen('fleet_superseded_total'))), legend: 'ids taken' },
              { expr: sum(rate(chosen('fleet_releases_overdue_total'))), legend: 'releases overdue' },
            ],
            alerts: ['RedisForgets', 'ReplicaIdTaken'],
          },
        ],
      },
      {
        title: 'Redis, as collectors see it',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Calls',
            description: 'Scripts that Redis was asked to run, by how that ended.',
            unit: 'ops',
            stacked: true,
            queries: [{ expr: sum(rate(chosen('fleet_redis_calls_total')), 'outcome'), legend: '{{outcome}}' }],
            alerts: ['FleetRedisUnreachable'],
          },
          {
            kind: 'series',
            title: 'How long Redis takes',
            description: 'Calls of scripts, and whole heartbeats, at the 95th percentile.',
            unit: 's',
            queries: [
              { expr: quantile(0.95, 'fleet_redis_call_seconds', ''), legend: 'calls p95' },
              { expr: quantile(0.95, 'fleet_heartbeat_seconds', ''), legend: 'heartbeats p95' },
            ],
          },
          {
            kind: 'series',
            title: 'Heartbeats and lost connections',
            description: 'Heartbeats by outcome, and connections that broke or were given up.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(chosen('fleet_heartbeats_total')), 'outcome'), legend: '{{outcome}}' },
              { expr: sum(rate(chosen('fleet_redis_losses_total')), 'connection'), legend: 'lost: {{connection}}' },
            ],
            alerts: ['FleetRedisUnreachable'],
          },
        ],
      },
      {
        title: 'Redis itself',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Memory',
            description: 'Memory in use and resident, and the most that Redis takes.',
            unit: 'bytes',
            queries: [
              { expr: `redis_memory_used_bytes{${REDIS}}`, legend: 'used' },
              { expr: `redis_memory_used_rss_bytes{${REDIS}}`, legend: 'resident' },
              { expr: `redis_memory_max_bytes{${REDIS}}`, legend: 'at most' },
            ],
            alerts: ['RedisMemoryHigh'],
          },
          {
            kind: 'series',
            title: 'Commands',
            description: 'Commands in a second.',
            unit: 'ops',
            queries: [{ expr: `rate(redis_commands_processed_total{${REDIS}}[$__rate_interval])`, legend: 'commands' }],
          },
          {
            kind: 'series',
            title: 'Clients',
            description: 'Connected clients, those that wait in a blocking call, and connections refused in a second.',
            unit: 'none',
            queries: [
              { expr: `redis_connected_clients{${REDIS}}`, legend: 'connected' },
              { expr: `redis_blocked_clients{${REDIS}}`, legend: 'blocked' },
              { expr: `rate(redis_rejected_connections_total{${REDIS}}[$__rate_interval])`, legend: 'refused' },
            ],
            alerts: ['RedisRejectsConnections'],
          },
        ],
      },
      {
        title: 'What else is shared',
        perLine: 3,
        panels: [
          {
            kind: 'series',
            title: 'Hints about circuits',
            rare: true,
            description: 'What collectors told each other about targets, by kind; taken: told by another and obeyed.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(chosen('fleet_breaker_hints_total')), 'direction', 'kind'),
                legend: '{{direction}} {{kind}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Permits of fleet limits',
            description: 'Permits in use over all collectors against those there are, and calls that wait.',
            unit: 'none',
            queries: [
              { expr: sum(chosen('fleet_limiter_permits_in_use'), 'policy'), legend: '{{policy}} in use' },
              { expr: max(chosen('fleet_limiter_permits'), 'policy'), legend: '{{policy}} permits' },
              { expr: sum(chosen('fleet_limiter_queued'), 'policy'), legend: '{{policy}} waiting' },
            ],
          },
          {
            kind: 'series',
            title: 'What fleet limits stand on',
            rare: true,
            description:
              'Collectors by the mode of their limits. fleet: one limit for all; share: each keeps to its part while Redis is away; lost: it does not know how large that is.',
            unit: 'none',
            queries: [
              { expr: sum(chosen('fleet_limiter_mode'), 'policy', 'mode'), legend: '{{policy}} {{mode}}' },
              {
                expr: sum(rate(chosen('fleet_limiter_rejected_total')), 'policy', 'reason'),
                legend: '{{policy}} refused/s: {{reason}}',
              },
            ],
            alerts: ['FleetLimitLost'],
          },
        ],
      },
    ],
  };
}
