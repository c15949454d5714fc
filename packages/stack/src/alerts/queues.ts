import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { type Course, level, rising } from './course.js';
import { COLLECTOR, collectorsUp, define, series } from './define.js';

const RANGE_S = 300;

/** Where work waits: for slots, for the disk, for sockets. */
export function queues(context: AlertContext): Alert[] {
  const { targetSlots } = context.plan.collectors;
  const range = context.window(RANGE_S);
  const windowS = context.windowS(RANGE_S);
  const busySlots = (share: number): Record<string, Course> => ({
    [series('telemetry_collection_duration_seconds_sum', { ...COLLECTOR, probe: 'http' })]: rising(share * targetSlots),
    [collectorsUp(1)[0]!]: level(1),
  });
  const pool = { ...COLLECTOR, policy: 'probes' };
  const sockets = (share: number, waiting: number): Record<string, Course> => ({
    [series('connection_pool_connections', { ...pool, state: 'busy' })]: level(share * 100),
    [series('connection_pool_connections', { ...pool, state: 'idle' })]: level((1 - share) * 100),
    [series('connection_pool_connections_max', pool)]: level(100),
    [series('connection_pool_queued', pool)]: level(waiting),
  });
  return [
    define(context, {
      name: 'TargetSlotsBusy',
      category: 'scaling',
      severity: 'warning',
      expr: `sum(rate(telemetry_collection_duration_seconds_sum{${COLLECTORS}}[${range}])) / (count(up{${COLLECTORS}} == 1) * ${targetSlots}) > 0.9`,
      forS: 600,
      summary: '{{ $value | humanizePercentage }} of the slots for targets are taken',
      description: `Each collector polls ${targetSlots} targets at once; the next ones wait.`,
      runbook: {
        meaning: `On average more than 90 % of all slots for targets (${targetSlots} a collector, \`MAX_CONCURRENT_TARGETS\`) have been taken for ten minutes.`,
        impact: 'Turns wait for a slot; those that cannot begin before the next one is nearer are missed.',
        look: [
          "curl -s http://localhost:8080/metrics | grep -E '^semaphore_(permits|queued)'",
          'curl -s http://localhost:8080/metrics | grep telemetry_slowest_targets_seconds',
        ],
        act: [
          `Add collectors: targets are shared, so each then polls fewer. Compose: \`${COMPOSE} up -d --scale network-telemetry-1=2\`.`,
          'CPU is idle while slots are taken: slow targets. Raise `MAX_CONCURRENT_TARGETS` under `collectors.settings`, or mend them.',
        ],
      },
      levels: {
        series: busySlots,
        fires: 0.97,
        silent: 0.6,
        windowS,
        holds: 'window',
        labels: {},
        shown: '97%',
      },
    }),
    define(context, {
      name: 'SinkQueueFilling',
      category: 'scaling',
      severity: 'warning',
      expr: `batch_queued_items{${COLLECTORS}} / batch_queue_limit_items{${COLLECTORS}} > 0.5`,
      forS: 300,
      summary:
        'What {{ $labels.instance }} polled waits for its disk: the queue is {{ $value | humanizePercentage }} full',
      description: 'When it is full samples are lost, and counted in telemetry_lines_lost_total.',
      runbook: {
        meaning: 'For five minutes more than half of the queue between polling and the log on disk has been taken.',
        impact: 'None yet. When it is full, what is polled is lost.',
        look: [
          "curl -s http://localhost:8080/metrics | grep -E '^(batch_|telemetry_sink_|delivery_log_commit)'",
          'df -h; docker stats --no-stream',
        ],
        act: [
          'The log takes nothing: see `IntakeClosed`, `DiskTakesNothing`.',
          'The disk is slow (`CommitsSlow`): what else writes to it?',
        ],
      },
      levels: {
        series: (share) => ({
          [series('batch_queued_items', { ...COLLECTOR, policy: 'samples' })]: level(share * 10_000),
          [series('batch_queue_limit_items', { ...COLLECTOR, policy: 'samples' })]: level(10_000),
        }),
        fires: 0.75,
        silent: 0.25,
        labels: { ...COLLECTOR, policy: 'samples' },
        shown: '75%',
      },
    }),
    define(context, {
      name: 'ConnectionPoolExhausted',
      category: 'scaling',
      severity: 'warning',
      expr: `connection_pool_connections{${COLLECTORS},state="busy"} / ignoring (state) connection_pool_connections_max{${COLLECTORS}} > 0.9 and connection_pool_queued{${COLLECTORS}} > 0`,
      forS: 300,
      summary:
        'Requests of {{ $labels.instance }} wait for sockets: {{ $value | humanizePercentage }} of the pool {{ $labels.policy }} are busy',
      description: 'The cap counts all sockets of the pool (MAX_CONNECTIONS for HTTP probes).',
      runbook: {
        meaning:
          'For five minutes more than 90 % of the sockets that a pool may open have been busy, and requests waited for one.',
        impact: 'Polls wait for a socket within their timeout, so fast targets look slow or time out.',
        look: ['curl -s http://localhost:8080/metrics | grep connection_pool'],
        act: [
          'Slow targets hold their sockets: see `CollectionSlow`.',
          'Raise `MAX_CONNECTIONS` under `collectors.settings`; it must not be below `MAX_CONCURRENT_TARGETS`. Or add collectors.',
        ],
      },
      levels: {
        series: (share) => sockets(share, share > 0.9 ? 5 : 1),
        fires: 0.95,
        silent: 0.6,
        labels: pool,
        shown: '95%',
      },
      guards: { 'nobody waits': sockets(0.95, 0) },
    }),
  ];
}
