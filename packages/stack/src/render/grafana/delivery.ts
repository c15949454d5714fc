import { showBytes } from '../../file/units.js';
import { type Board, type BoardContext, firing, type Query, steps } from './board.js';
import { burnPanel, objectivePanel } from './objective.js';
import { chosen, max, min, quantile, rate, sum } from './query.js';

const CATEGORIES = ['delivery'] as const;
const BACKEND = 'backend=~"$backend"';
const of = (metric: string, matchers = '') => chosen(metric, BACKEND, matchers);

/** What becomes of points: the terms of the ledger, which add up to those carried over and those accepted. */
const OWED = [
  ['carried over', 'delivery_carried_points'],
  ['accepted', 'delivery_accepted_points_total'],
] as const;

const TERMS = [
  ['pending', 'delivery_pending_points'],
  ['held', 'delivery_held_points'],
  ['released', 'delivery_released_points_total'],
  ['quarantined', 'delivery_quarantined_points_total'],
  ['expired', 'delivery_expired_points_total'],
  ['handed over', 'delivery_handed_over_points_total'],
  ['damaged', 'delivery_damaged_points_total'],
] as const;

export function delivery(context: BoardContext): Board {
  const { stack, collectors } = context.plan;
  const { spool } = stack.collectors;
  const fill = `${max(chosen('delivery_log_bytes'))} / ${spool.maxBytes}`;
  const objective = {
    ...stack.objectives.delivery,
    ratio: 'backend:delivery_late_points:ratio_rate',
    name: 'Delivery',
    each: '{{backend}}',
    matchers: BACKEND,
  };
  const lost = `${sum(`increase(${of('delivery_expired_points_total', 'reason=~"size|age"')}[$__range])`)} + ${sum(`increase(${of('delivery_damaged_points_total')}[$__range])`)}`;
  return {
    file: 'delivery',
    title: 'Delivery ledger',
    description:
      'What became of every accepted point, for each backend: on its way, delivered, or named with the reason why not.',
    job: collectors.name,
    identity: 'delivery_slots',
    started: 'process_start_time_seconds',
    variables: [
      {
        name: 'backend',
        of: 'delivery_pending_points{job=~"$job",instance=~"$instance"}',
        label: 'backend',
        description: 'Which backends',
        // The address is shown, the URL is the label.
        regex: '/^(?<value>https?:\\/\\/(?<text>[^\\/]+).*)$/',
      },
    ],
    categories: CATEGORIES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(CATEGORIES),
          {
            kind: 'stat',
            title: 'Intake',
            description: 'Whether every collector accepts points.',
            unit: 'none',
            queries: [{ expr: min(chosen('delivery_intake_open')) }],
            states: [
              { value: 0, text: 'closed', colour: 'red' },
              { value: 1, text: 'open', colour: 'green' },
            ],
            steps: context.limits('IntakeClosed'),
            alerts: ['IntakeClosed', 'DiskTakesNothing'],
          },
          {
            kind: 'stat',
            title: 'Backends that take nothing',
            description: 'Backends to which some collector sends nothing, for whatever reason.',
            unit: 'none',
            queries: [{ expr: `sum(${max(of('delivery_lane_held'), 'backend')})` }],
            steps: steps(
              'green',
              [1, 'orange'],
              ...(stack.backends.replicas > 1 ? [[stack.backends.replicas, 'red'] as const] : []),
            ),
            alerts: ['LaneHeld', 'LaneRefused', 'NoBackendTakesPoints'],
          },
          {
            kind: 'stat',
            title: 'Lag',
            description: 'Age of the oldest point that is not delivered yet, of the backend that is furthest behind.',
            unit: 's',
            queries: [{ expr: max(of('delivery_lag_seconds')) }],
            ...context.limitedBy('DeliveryBehind'),
          },
          objectivePanel(context, objective, 'Points on time at the worst backend, of those accepted'),
          {
            kind: 'stat',
            title: 'Fullest log',
            description: `Size of the largest log against the cap of a lane, ${showBytes(spool.maxBytes)} (SPOOL_MAX_BYTES). When full: ${spool.whenFull}.`,
            unit: 'percentunit',
            decimals: 1,
            queries: [{ expr: fill }],
            steps: context.limits('SpoolNearlyFull'),
            alerts: ['SpoolNearlyFull', 'SpoolFilling'],
          },
          {
            kind: 'stat',
            title: 'Points lost',
            description:
              'Points given up for size or age, or lost with a damaged log, over the time range that is shown.',
            unit: 'short',
            decimals: 0,
            queries: [{ expr: lost }],
            steps: steps('green', [1, 'red']),
            alerts: ['PointsExpired', 'PointsDamaged'],
          },
          {
            kind: 'stat',
            title: 'Lines to mend',
            description: 'Refused lines that the quarantine files keep until somebody mends them.',
            unit: 'short',
            queries: [{ expr: sum(of('delivery_quarantine_lines')) }],
            steps: steps('green', [1, 'orange']),
            alerts: ['PointsQuarantined', 'QuarantineOverflows'],
          },
        ],
      },
      {
        title:
          'Ledger: carried over + accepted = pending + held + released + quarantined + expired + handed over + damaged',
        perLine: 2,
        panels: [
          {
            kind: 'table',
            title: 'Points by backend',
            description:
              'Since the chosen collectors opened their logs. A line adds up: what they carried over from before and what was accepted is one of the others. `breakwater spool ls` has the whole life of a log.',
            unit: 'short',
            queries: [...OWED, ...TERMS].map(
              ([legend, metric]): Query => ({ expr: sum(of(metric), 'backend'), legend }),
            ),
          },
          {
            kind: 'series',
            title: 'Points missing from the ledger',
            description:
              'Points carried over and accepted less all that became of them: zero but for the instants between two counters. What stays is a bug: report it.',
            unit: 'short',
            queries: [
              {
                expr: [
                  OWED.map(([, metric]) => sum(of(metric), 'backend')).join(' + '),
                  ...TERMS.map(([, metric]) => sum(of(metric), 'backend')),
                ].join(' - '),
                legend: '{{backend}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Accepted and delivered',
            description: 'Points in a second; accepted ones count once for each backend.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(of('delivery_accepted_points_total')), 'backend'), legend: 'accepted for {{backend}}' },
              { expr: sum(rate(of('delivery_released_points_total')), 'backend'), legend: 'released by {{backend}}' },
            ],
            alerts: ['DeliveryBehind'],
          },
          {
            kind: 'series',
            title: 'What was not delivered',
            rare: true,
            description:
              'Points in a second that left the ledger without being delivered: quarantined, expired by reason, damaged, handed over to a peer.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(of('delivery_quarantined_points_total')), 'backend'),
                legend: 'quarantined {{backend}}',
              },
              {
                expr: sum(rate(of('delivery_expired_points_total')), 'backend', 'reason'),
                legend: 'expired {{reason}} {{backend}}',
              },
              { expr: sum(rate(of('delivery_damaged_points_total')), 'backend'), legend: 'damaged {{backend}}' },
              {
                expr: sum(rate(of('delivery_handed_over_points_total')), 'backend'),
                legend: 'handed over {{backend}}',
              },
            ],
            alerts: ['PointsQuarantined', 'PointsExpired', 'PointsDamaged'],
          },
        ],
      },
      {
        title: 'Lanes',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Lag by backend',
            description: 'Age of the oldest point that is not delivered yet, at the collector that is furthest behind.',
            unit: 's',
            queries: [
              { expr: max(of('delivery_lag_seconds'), 'backend'), legend: '{{backend}}' },
              {
                expr: max(of('delivery_held_destinations_lag_seconds'), 'backend'),
                legend: 'held destinations of {{backend}}',
              },
            ],
            steps: context.limits('DeliveryBehind'),
            alerts: ['DeliveryBehind', 'DestinationHeld'],
          },
          {
            kind: 'series',
            title: 'Why lanes are held',
            rare: true,
            description: 'How many lanes (a backend at a collector) send nothing, by reason.',
            unit: 'none',
            queries: [{ expr: sum(of('delivery_lane_held'), 'backend', 'reason'), legend: '{{reason}} {{backend}}' }],
            alerts: ['LaneHeld', 'LaneRefused', 'NoBackendTakesPoints'],
          },
          {
            kind: 'series',
            title: 'Backlog',
            description:
              'Points that are not delivered yet, those in flight included, and those that a backend acknowledged and might still lose.',
            unit: 'short',
            queries: [
              { expr: sum(of('delivery_pending_points'), 'backend'), legend: 'pending {{backend}}' },
              { expr: sum(of('delivery_held_points'), 'backend'), legend: 'held {{backend}}' },
              { expr: sum(of('delivery_orphaned_points'), 'backend'), legend: 'orphaned {{backend}}' },
            ],
            alerts: ['PointsOrphaned', 'AckHoldOff'],
          },
          {
            kind: 'series',
            title: 'Delay until stored',
            description: 'From acceptance until the backend has stored it, for each frame of the log.',
            unit: 's',
            queries: [0.5, 0.95, 0.99].map((share) => ({
              expr: quantile(share, 'delivery_delay_seconds', BACKEND, 'backend'),
              legend: `p${share * 100} {{backend}}`,
            })),
          },
          {
            kind: 'series',
            title: 'Answers of backends',
            rare: true,
            description: 'Write requests in a second by what the backend answered.',
            unit: 'reqps',
            queries: [
              {
                expr: sum(rate(of('delivery_requests_total')), 'backend', 'outcome'),
                legend: '{{outcome}} {{backend}}',
              },
            ],
            alerts: ['LaneHeld', 'LaneRefused'],
          },
          {
            kind: 'series',
            title: 'Sent again',
            rare: true,
            description: 'Points in a second that were sent again, by what had become of them before.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(of('delivery_resent_points_total')), 'backend', 'reason'),
                legend: '{{reason}} {{backend}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Catching up',
            description: 'Points in a second that lanes may send of their backlog, and how many lanes have one.',
            unit: 'short',
            queries: [
              { expr: sum(of('delivery_catch_up_points_per_second'), 'backend'), legend: 'points/s to {{backend}}' },
              { expr: sum(of('delivery_lane_behind'), 'backend'), legend: 'lanes behind {{backend}}' },
            ],
            alerts: ['DeliveryBehind'],
          },
          {
            kind: 'series',
            title: 'Requests under way',
            description: 'Write requests to backends that have not been answered yet.',
            unit: 'none',
            queries: [{ expr: sum(of('delivery_requests_in_flight'), 'backend'), legend: '{{backend}}' }],
          },
        ],
      },
      {
        title: 'Intake',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Offered points',
            description:
              'Points in a second that were accepted, and those refused by reason; whoever offered them was told.',
            unit: 'ops',
            stacked: true,
            queries: [
              { expr: sum(rate(chosen('delivery_intake_accepted_points_total'))), legend: 'accepted' },
              { expr: sum(rate(chosen('delivery_refused_points_total')), 'reason'), legend: 'refused: {{reason}}' },
            ],
            alerts: ['IntakeClosed'],
          },
          {
            kind: 'series',
            title: 'Requests to the write gateway',
            rare: true,
            description: 'Writes that clients sent to the collectors, by what became of them.',
            unit: 'reqps',
            stacked: true,
            queries: [{ expr: sum(rate(chosen('delivery_gateway_requests_total')), 'outcome'), legend: '{{outcome}}' }],
          },
        ],
      },
      {
        title: 'Disk',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Size of the logs',
            description: `The log of each collector; a lane may need ${showBytes(spool.maxBytes)} of it (SPOOL_MAX_BYTES).`,
            unit: 'bytes',
            min: 0,
            queries: [{ expr: chosen('delivery_log_bytes'), legend: '{{instance}} {{slot}}' }],
            steps: steps(
              'green',
              ...context
                .limits('SpoolNearlyFull')
                .flatMap(({ from, colour }) => (from === null ? [] : [[from * spool.maxBytes, colour] as const])),
              [spool.maxBytes, 'red'],
            ),
            alerts: ['SpoolNearlyFull', 'SpoolFilling'],
          },
          {
            kind: 'series',
            title: 'Group commits, p95',
            description: 'How long a group commit took to become durable: the disk under the log.',
            unit: 's',
            queries: [
              { expr: quantile(0.95, 'delivery_log_commit_duration_seconds', '', 'instance'), legend: '{{instance}}' },
            ],
            ...context.limitedBy('CommitsSlow'),
          },
          {
            kind: 'series',
            title: 'Commits that failed',
            rare: true,
            description: 'Group commits in a second that the disk did not take, by reason.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(chosen('delivery_log_commit_failures_total')), 'instance', 'reason'),
                legend: '{{reason}} {{instance}}',
              },
            ],
            alerts: ['DiskTakesNothing'],
          },
          {
            kind: 'series',
            title: 'Quarantine',
            description: 'Size of the quarantine files, which hold refused lines with the words of the server.',
            unit: 'bytes',
            queries: [{ expr: sum(of('delivery_quarantine_bytes'), 'backend'), legend: '{{backend}}' }],
            alerts: ['PointsQuarantined', 'QuarantineOverflows'],
          },
        ],
      },
      { title: 'Objective', perLine: 1, panels: [burnPanel(context, objective)] },
    ],
  };
}
