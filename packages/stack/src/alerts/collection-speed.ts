import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { bucketsAt, COLLECTOR, define } from './define.js';

const RANGE_S = 600;

/** How long polls take, and how late they begin. */
export function collectionSpeed(context: AlertContext): Alert[] {
  const range = context.window(RANGE_S);
  const windowS = context.windowS(RANGE_S);
  return [
    define(context, {
      name: 'CollectionSlow',
      category: 'performance',
      severity: 'warning',
      expr: `histogram_quantile(0.95, sum by (probe, le) (rate(telemetry_collection_duration_seconds_bucket{${COLLECTORS}}[${range}]))) > 2.5`,
      forS: 600,
      summary: 'Polls of {{ $labels.probe }} targets take {{ $value | humanizeDuration }} (95th percentile)',
      description:
        'Slow targets take slots from one another. telemetry_slowest_targets_seconds names the twenty worst.',
      runbook: {
        meaning: 'For ten minutes one poll in twenty of this kind of probe has taken longer than 2.5 s.',
        impact:
          'Slow turns fill the slow share; when that is full they end as `slow-share-full`, and points are missing.',
        look: [
          "curl -s http://localhost:8080/metrics | grep telemetry_slowest_targets_seconds | sort -t' ' -k2 -rn | head",
          "curl -s http://localhost:8080/targets | jq '.targets[] | select(.p95Ms > 2500) | {name, probe, p95Ms}'",
        ],
        act: [
          'A few targets: look at them and at the way there.',
          'All at once: the network of the collectors, or DNS (`connection_pool_lookup_seconds`).',
          'It is meant to be slow: give those targets a longer interval, or a `limit` of their own.',
        ],
      },
      levels: {
        series: (seconds) =>
          bucketsAt('telemetry_collection_duration_seconds', { ...COLLECTOR, probe: 'http' }, [
            ['1', seconds > 1 ? 0 : 1],
            ['2.5', seconds > 2.5 ? 0.5 : 1],
            ['5', 1],
            ['+Inf', 1],
          ]),
        fires: 4.75,
        silent: 0.95,
        windowS,
        labels: { probe: 'http' },
        shown: '4.75s',
      },
    }),
    define(context, {
      name: 'TurnsLate',
      category: 'performance',
      severity: 'warning',
      expr: `histogram_quantile(0.99, sum by (le) (rate(telemetry_turn_delay_seconds_bucket{${COLLECTORS}}[${range}]))) > 1`,
      forS: 600,
      summary: 'Turns begin {{ $value | humanizeDuration }} late (99th percentile)',
      description: 'Slots for targets, CPU or the event loop of the collectors are short.',
      runbook: {
        meaning:
          'For ten minutes one turn in a hundred has begun more than a second after the instant it was scheduled for.',
        impact: 'Rates and counters are measured at other instants than the points say; later on turns are missed.',
        look: [
          "curl -s http://localhost:8080/metrics | grep -E '^(telemetry_turn_delay|semaphore_(queued|permits))'",
          `${COMPOSE} logs --tail 100 network-telemetry-1`,
        ],
        act: [
          'See whether `CollectorCpuHigh`, `CollectorEventLoopStalls` or `TargetSlotsBusy` fires: that is the cause.',
          'Else add collectors, or raise `MAX_CONCURRENT_TARGETS` under `collectors.settings`.',
        ],
      },
      levels: {
        series: (seconds) =>
          bucketsAt('telemetry_turn_delay_seconds', COLLECTOR, [
            ['0.25', seconds > 0.25 ? 0 : 1],
            ['1', seconds > 1 ? 0.5 : 1],
            ['2.5', 1],
            ['+Inf', 1],
          ]),
        fires: 2.47,
        silent: 0.25,
        windowS,
        labels: {},
        shown: '2.47s',
      },
    }),
  ];
}
