import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { bucketsAt, COLLECTOR, type Definition, define, series } from './define.js';

/** Long enough that a person sees what a single event did. */
const RANGE_S = 900;

/** What becomes of points between acceptance and delivery. */
export function points(context: AlertContext): Alert[] {
  return [
    intakeClosed(context),
    diskTakesNothing(context),
    commitsSlow(context),
    ...spool(context),
    ...losses(context),
  ];
}

const intakeClosed = (context: AlertContext): Alert =>
  define(context, {
    name: 'IntakeClosed',
    category: 'delivery',
    severity: 'critical',
    expr: `delivery_intake_open{${COLLECTORS}} == 0`,
    forS: 60,
    summary: 'Collector {{ $labels.instance }} accepts no points',
    description: 'Writers are told to come again; what is polled waits for two minutes and is lost then.',
    runbook: {
      meaning:
        'The log of this collector has taken nothing for a minute: it is full in every lane, or its disk takes nothing.',
      impact: 'Writes are answered with 429. What is polled is lost after two minutes, and counted.',
      look: [
        'curl -si http://localhost:8080/health/ready',
        "curl -s http://localhost:8080/metrics | grep -E '^delivery_(refused_points|log_bytes|log_commit_failures)'",
        'df -h',
      ],
      act: [
        '`log-full`: bring one backend back, that is enough; or raise `collectors.spool.maxBytes` with the volume, and restart.',
        '`disk-full`: free some room; it goes on within seconds. Delete nothing in the spool.',
        "`disk-failed`: the kernel's log; another volume if need be.",
        'To go on at the price of the oldest points: `collectors.spool.whenFull: drop-oldest`.',
      ],
    },
    levels: {
      series: (open) => ({ [series('delivery_intake_open', COLLECTOR)]: level(open) }),
      fires: 0,
      silent: 1,
      labels: COLLECTOR,
    },
  });

const diskTakesNothing = (context: AlertContext): Alert =>
  define(context, {
    name: 'DiskTakesNothing',
    category: 'delivery',
    severity: 'critical',
    expr: `sum by (instance, reason) (rate(delivery_log_commit_failures_total{${COLLECTORS}}[${context.window(300)}])) > 0`,
    forS: 60,
    summary: 'The disk of {{ $labels.instance }} does not take the log: {{ $labels.reason }}',
    description: 'Group commits fail, so nothing is accepted.',
    runbook: {
      meaning: 'Commits of the log failed: no room (`disk-full`), or the disk answers with errors (`disk-failed`).',
      impact: 'Writes are refused, and what is polled is lost after two minutes.',
      look: ['df -h; df -i', 'dmesg | tail -50', 'breakwater spool verify --dir /var/lib/telemetry/spool'],
      act: [
        '`disk-full`: free room on that volume, not in the spool.',
        '`disk-failed`: replace the volume; with the old one readable later, its points are still delivered.',
      ],
    },
    levels: {
      series: (rate) => ({
        [series('delivery_log_commit_failures_total', { ...COLLECTOR, slot: 'slot-0', reason: 'disk-full' })]:
          rising(rate),
      }),
      fires: 2,
      silent: 0,
      windowS: context.windowS(300),
      labels: { instance: COLLECTOR.instance, reason: 'disk-full' },
    },
  });

const commitsSlow = (context: AlertContext): Alert =>
  define(context, {
    name: 'CommitsSlow',
    category: 'delivery',
    severity: 'warning',
    expr: `histogram_quantile(0.95, sum by (instance, le) (rate(delivery_log_commit_duration_seconds_bucket{${COLLECTORS}}[${context.window(300)}]))) > 0.5`,
    forS: 600,
    summary: 'Commits of the log at {{ $labels.instance }} take {{ $value | humanizeDuration }} (95th percentile)',
    description: 'A write is answered when it is on the disk, so writers wait as long.',
    runbook: {
      meaning: 'For ten minutes one group commit in twenty has taken longer than half a second.',
      impact: 'Writes are slow, and are refused as `overloaded` once 64 MiB wait for the disk.',
      look: ['iostat -x 5 2', 'curl -s http://localhost:8080/metrics | grep delivery_log_commit_duration_seconds'],
      act: [
        'Something else writes to that disk: InfluxDB on the same one, a backup.',
        'A network volume: use a local one, or a faster class.',
      ],
    },
    levels: {
      series: (seconds) =>
        bucketsAt('delivery_log_commit_duration_seconds', { ...COLLECTOR, slot: 'slot-0' }, [
          ['0.1', seconds > 0.1 ? 0 : 1],
          ['0.5', seconds > 0.5 ? 0.5 : 1],
          ['1', 1],
          ['+Inf', 1],
        ]),
      fires: 0.95,
      silent: 0.095,
      windowS: context.windowS(300),
      labels: { instance: COLLECTOR.instance },
      shown: '950ms',
    },
  });

function spool(context: AlertContext): Alert[] {
  const { maxBytes } = context.plan.stack.collectors.spool;
  const log = { ...COLLECTOR, slot: 'slot-0' };
  const selector = `delivery_log_bytes{${COLLECTORS}}`;
  return [
    define(context, {
      name: 'SpoolNearlyFull',
      category: 'delivery',
      severity: 'critical',
      subject: 'spool',
      expr: `${selector} / ${maxBytes} > 0.8`,
      forS: 300,
      summary: 'The log of {{ $labels.instance }} is {{ $value | humanizePercentage }} of what a lane may need',
      description: 'At the cap of every lane writes are refused; a lane alone at its cap gives up its oldest points.',
      runbook: {
        meaning:
          'The log on disk has grown to more than 80 % of `collectors.spool.maxBytes`: a backend has not taken points for long.',
        impact:
          'A lane over its cap expires its oldest points while another lane is under its own; when all are over, nothing more is accepted.',
        look: [
          "curl -s http://localhost:8080/health/lanes | jq '.lanes[] | {backend, pendingPoints, lagMs}'",
          'breakwater spool ls --dir /var/lib/telemetry/spool',
        ],
        act: [
          'Bring the backend back whose lane is held (`LaneHeld`, `LaneRefused`).',
          'It takes longer: raise `collectors.spool.maxBytes` (the volume follows in `breakwater generate`), and restart the collectors one by one.',
        ],
      },
      levels: {
        series: (share) => ({ [series('delivery_log_bytes', log)]: level(share * maxBytes) }),
        fires: 0.9,
        silent: 0.5,
        labels: log,
        shown: '90%',
      },
    }),
    define(context, {
      name: 'SpoolFilling',
      category: 'delivery',
      severity: 'warning',
      subject: 'spool',
      expr: `predict_linear(${selector}[${context.window(3600)}], 14400) / ${maxBytes} > 1 and ${selector} / ${maxBytes} > 0.2`,
      forS: 600,
      summary: 'At this pace the log of {{ $labels.instance }} is full within four hours',
      description: 'A backend does not take what comes in.',
      runbook: {
        meaning: 'As the log grew in the last hour, it reaches `collectors.spool.maxBytes` within four hours.',
        impact: 'None yet; see `SpoolNearlyFull`.',
        look: ["curl -s http://localhost:8080/health/lanes | jq '.lanes[] | {backend, pendingPoints, lagMs}'"],
        act: ['As for `SpoolNearlyFull`, while there is time.'],
      },
      levels: {
        // A level is what it will have reached in four hours.
        series: (share) => ({
          [series('delivery_log_bytes', log)]: rising(((share - 0.3) * maxBytes) / 16_000, { from: 0.3 * maxBytes }),
        }),
        fires: 1.5,
        silent: 0.7,
        windowS: context.windowS(3600),
        labels: log,
      },
      guards: {
        'the log is small yet': {
          [series('delivery_log_bytes', log)]: rising((1.3 * maxBytes) / 16_000, { from: 0.05 * maxBytes }),
        },
      },
    }),
  ];
}

function losses(context: AlertContext): Alert[] {
  const backend = `http://influxdb-1:${context.plan.stack.backends.port}`;
  const lane = { ...COLLECTOR, backend, slot: 'slot-0' };
  const lost = (
    metric: string,
    by: readonly string[],
    labels: Readonly<Record<string, string>>,
    alert: Omit<Definition, 'levels' | 'category' | 'expr' | 'forS'>,
    matcher = '',
  ): Alert =>
    define(context, {
      ...alert,
      category: 'delivery',
      expr: `sum by (${by.join(', ')}) (rate(${metric}{${COLLECTORS}${matcher}}[${context.window(RANGE_S)}])) > 0`,
      forS: 60,
      levels: {
        series: (rate) => ({ [series(metric, { ...lane, ...labels })]: rising(rate) }),
        fires: 3,
        silent: 0,
        windowS: context.windowS(RANGE_S),
        labels: Object.fromEntries(by.map((label) => [label, { ...lane, ...labels }[label as 'backend']])),
      },
    });
  const reconcile = 'Another backend may have them: `breakwater reconcile` finds what is missing, and copies it.';
  return [
    lost(
      'delivery_expired_points_total',
      ['backend', 'reason'],
      { reason: 'size' },
      {
        name: 'PointsExpired',
        severity: 'critical',
        summary: 'Points are given up before {{ $labels.backend }} got them: {{ $labels.reason }}',
        description: 'The log had no more room for them, or they were older than SPOOL_MAX_AGE.',
        runbook: {
          meaning:
            'Points left the log undelivered: to stay within the cap on disk (`size`), or because they are too old (`age`).',
          impact: 'This backend will never get them from the log.',
          look: [
            'breakwater spool ls --dir /var/lib/telemetry/spool',
            'curl -s http://localhost:8080/health/lanes | jq',
          ],
          act: ['Stop the loss: bring the backend back, or raise `collectors.spool.maxBytes` or `maxAge`.', reconcile],
        },
      },
      ',reason=~"size|age"',
    ),
    lost(
      'delivery_damaged_points_total',
      ['instance', 'backend'],
      {},
      {
        name: 'PointsDamaged',
        severity: 'critical',
        summary: 'The log of {{ $labels.instance }} lost points for {{ $labels.backend }}',
        description: 'Bytes on its disk changed after they were written.',
        runbook: {
          meaning: 'Frames of the log could not be read back: their checksum is wrong.',
          impact:
            'These points are lost for the backends that had not got them yet. More may follow from the same disk.',
          look: ['breakwater spool verify --dir /var/lib/telemetry/spool', 'dmesg | tail -50', 'smartctl -a /dev/sda'],
          act: ['Replace the disk or the volume.', reconcile],
        },
      },
    ),
    lost(
      'delivery_quarantined_points_total',
      ['backend'],
      {},
      {
        name: 'PointsQuarantined',
        severity: 'warning',
        summary: '{{ $labels.backend }} refuses points for good',
        description: 'They are kept aside with its words, to be mended and replayed.',
        runbook: {
          meaning: 'The backend refused lines with 400 or 422: mostly a field that has another type there already.',
          impact: 'These points are missing in that backend until they are mended. All others go on.',
          look: [
            `${COMPOSE} logs --tail 500 network-telemetry-1 | grep quarantine`,
            'breakwater spool cat --quarantined | head',
          ],
          act: [
            'Mend the writer that the lines name.',
            'Then `breakwater spool export`, mend the lines, `breakwater spool replay`.',
          ],
        },
      },
    ),
    lost(
      'delivery_quarantine_given_up_lines_total',
      ['backend'],
      {},
      {
        name: 'QuarantineOverflows',
        severity: 'critical',
        summary: 'The quarantine for {{ $labels.backend }} is full, and its oldest lines are lost',
        description: 'The oldest refused lines make room for newer ones.',
        runbook: {
          meaning: 'So many lines were refused that the file which keeps them has reached its cap.',
          impact: 'The oldest refused lines are lost.',
          look: [
            'breakwater spool cat --quarantined | head',
            `${COMPOSE} logs --tail 500 network-telemetry-1 | grep quarantine`,
          ],
          act: [
            'Export what is there: `breakwater spool export`.',
            'Stop or mend the writer: see `PointsQuarantined`.',
          ],
        },
      },
    ),
    lost(
      'telemetry_lines_lost_total',
      ['instance', 'reason'],
      { reason: 'sink' },
      {
        name: 'LinesLost',
        severity: 'critical',
        summary: '{{ $labels.instance }} loses what it polled: {{ $labels.reason }}',
        description: 'They were measured and reached no sink.',
        runbook: {
          meaning:
            'Samples did not reach the log: the queue before it was full, the log took nothing for two minutes, or the collector had to stop.',
          impact: 'These measurements are gone.',
          look: [
            "curl -s http://localhost:8080/metrics | grep -E '^telemetry_(lines|sink)'",
            'curl -si http://localhost:8080/health/ready',
          ],
          act: [
            '`sink`, `queue-full`: `IntakeClosed`, `DiskTakesNothing` or `CommitsSlow` says why.',
            '`shutdown`: `DRAIN_TIMEOUT` is too short for what was queued.',
            '`invalid`: report it, it is a fault of the collector.',
          ],
        },
      },
    ),
  ];
}
