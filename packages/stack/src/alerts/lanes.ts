import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { type Course, level } from './course.js';
import { COLLECTOR, define, series } from './define.js';

/** What mends itself when the backend is back, and what waits for a person. */
const AWAY = ['network', 'timeout', 'overloaded', 'server-error'];
const REFUSED = ['unauthorized', 'forbidden', 'not-found', 'unexpected-answer'];

/** The delivery to one backend. */
export function lanes(context: AlertContext): Alert[] {
  const { plan } = context;
  const server = `influxdb-1:${plan.stack.backends.port}`;
  const backend = `http://${server}`;
  const lane = { ...COLLECTOR, backend, slot: 'slot-0' };
  const held = (reason: string) => (value: number) => ({
    [series('delivery_lane_held', { ...lane, reason })]: level(value),
  });
  const look = [
    "curl -s http://localhost:8080/health/lanes | jq '.lanes[]'",
    `${COMPOSE} logs --tail 200 network-telemetry-1 | grep lane.`,
  ];
  const each = { backend, server };
  return [
    define(context, {
      name: 'LaneHeld',
      category: 'delivery',
      severity: 'warning',
      expr: ofServer(`count by (backend, reason) (delivery_lane_held{${COLLECTORS},reason=~"${AWAY.join('|')}"} == 1)`),
      forS: 300,
      summary: '{{ $value | humanize }} collectors send nothing to {{ $labels.backend }}: {{ $labels.reason }}',
      description: 'Points wait in the logs and go out by themselves when the backend takes them again.',
      runbook: {
        meaning:
          'For five minutes at least one collector has had to wait with a backend: it does not answer (`network`, `timeout`), or says that it cannot now (`overloaded`, `server-error`).',
        impact: 'Reads go to the other backends. This one lacks what came since; the log on disk grows.',
        look: [...look, 'curl -si http://influxdb-1:8086/ping   # from the network of the stack'],
        act: [
          'All collectors, `network` or `timeout`: the backend or its network is down.',
          'One collector only: its own network or DNS.',
          '`overloaded`, `server-error`: the log of InfluxDB; disk, memory, `InfluxdbWriteLoadHigh`. Lanes ask more seldom by themselves.',
        ],
      },
      levels: { series: held('network'), fires: 1, silent: 0, labels: { ...each, reason: 'network' }, shown: '1' },
    }),
    define(context, {
      name: 'LaneRefused',
      category: 'delivery',
      severity: 'warning',
      expr: ofServer(
        `count by (backend, reason) (delivery_lane_held{${COLLECTORS},reason=~"${REFUSED.join('|')}"} == 1)`,
      ),
      forS: 120,
      summary: '{{ $labels.backend }} refuses {{ $value | humanize }} collectors: {{ $labels.reason }}',
      description: 'It does not pass by itself: a token, a URL or something in front of the backend must be mended.',
      runbook: {
        meaning:
          'The backend answers, and not as it should: a wrong token (`unauthorized`, `forbidden`), no write API (`not-found`), or a stranger such as a login page (`unexpected-answer`).',
        impact: 'This backend gets nothing until somebody acts; points wait in the logs. Reads go to the others.',
        look: [
          ...look,
          'curl -si -X POST -H "Authorization: Token $INFLUX_TOKEN" \'http://influxdb-1:8086/api/v2/write?org=telemetry&bucket=telemetry\'',
        ],
        act: [
          '`unauthorized`: set the right `INFLUX_TOKEN` in `.env` (or the Secret) and restart the collectors one by one, or mend it at the backend; it is asked again within a minute.',
          '`not-found`, `unexpected-answer`: see what answers at that address.',
          'It was set up anew and is empty: create organisation, bucket and token as `.env` says.',
        ],
      },
      levels: {
        series: held('unauthorized'),
        fires: 1,
        silent: 0,
        labels: { ...each, reason: 'unauthorized' },
        shown: '1',
      },
    }),
    noBackendTakesPoints(context, look),
    define(context, {
      name: 'DeliveryBehind',
      category: 'delivery',
      severity: 'warning',
      expr: ofServer(`max by (backend) (delivery_lag_seconds{${COLLECTORS}}) > 300`),
      forS: 600,
      summary: 'The oldest point for {{ $labels.backend }} waits for {{ $value | humanizeDuration }}',
      description: 'Fresh points go first; the backlog follows behind them.',
      runbook: {
        meaning: 'For ten minutes some point has been waiting for this backend for more than five minutes.',
        impact: 'The backend lacks a part of the past and takes no reads while most collectors say so.',
        look: [
          ...look,
          "curl -s http://localhost:8080/metrics | grep -E '^delivery_(lag|lane_behind|catch_up|pending|delay_seconds_count)'",
        ],
        act: [
          'A lane is held: `LaneHeld` or `LaneRefused` says why.',
          'It catches up: see that `delivery_pending_points` falls. Nothing to do.',
          'It does not fall: the backend is slower than what comes in (`InfluxdbWriteLoadHigh`).',
        ],
      },
      levels: {
        series: (seconds) => ({ [series('delivery_lag_seconds', lane)]: level(seconds) }),
        fires: 600,
        silent: 60,
        labels: each,
        shown: '10m 0s',
      },
    }),
    define(context, {
      name: 'DestinationHeld',
      category: 'delivery',
      severity: 'warning',
      expr: ofServer(`max by (backend) (delivery_held_destinations{${COLLECTORS}}) > 0`),
      forS: 600,
      summary: '{{ $labels.backend }} takes no points for {{ $value | humanize }} buckets',
      description: 'It does not know them, or the token may not write them. Others go on.',
      runbook: {
        meaning: 'A writer names a bucket or database that this backend answers with 403 or 404.',
        impact: 'These points wait until they expire by age, and count against the cap of the log.',
        look: [
          "curl -s http://localhost:8080/health/lanes | jq '.lanes[].heldDestinations'",
          'breakwater spool cat --lane URL --pending | head',
        ],
        act: [
          'Create the bucket, or allow the token to write it.',
          'A writer misspelt it: mend the writer; create the bucket for a while, let the points go there, and drop it.',
        ],
      },
      levels: {
        series: (count) => ({ [series('delivery_held_destinations', { ...COLLECTOR, backend })]: level(count) }),
        fires: 2,
        silent: 0,
        labels: each,
        shown: '2',
      },
    }),
    define(context, {
      name: 'AckHoldOff',
      category: 'delivery',
      severity: 'info',
      expr: ofServer(`max by (backend) (delivery_ack_hold_off{${COLLECTORS}}) == 1`),
      forS: 900,
      summary: 'A restart of {{ $labels.backend }} would go unnoticed',
      description: 'It answers before data is safe, and does not say when it was started.',
      runbook: {
        meaning:
          'Points that this backend acknowledged should be held for a while and sent again after its restart, but its start time cannot be read.',
        impact: 'If it crashes, the last seconds that it acknowledged may be missing there.',
        look: ['curl -s http://BACKEND/metrics | grep process_start_time_seconds'],
        act: [
          'Let `/metrics` of the backend answer the collectors.',
          'Several servers behind one address: give each its own URL in `INFLUX_URLS`.',
        ],
      },
      levels: {
        series: (value) => ({ [series('delivery_ack_hold_off', { ...COLLECTOR, backend })]: level(value) }),
        fires: 1,
        silent: 0,
        labels: each,
      },
    }),
    define(context, {
      name: 'PointsOrphaned',
      category: 'delivery',
      severity: 'info',
      expr: `sum by (backend) (delivery_orphaned_points{${COLLECTORS}}) > 0`,
      forS: 3600,
      summary: '{{ $value | humanize }} points are kept for {{ $labels.backend }}, which is not configured any more',
      description: 'They take room in the logs until they are released or too old.',
      runbook: {
        meaning: 'A lane of an earlier configuration still owes points to its backend.',
        impact: 'They count against the disk, and nobody gets them.',
        look: ['breakwater spool ls --dir /var/lib/telemetry/spool'],
        act: [
          'The URL was only written otherwise: put it back.',
          'The backend is gone for good: `breakwater spool release --lane URL`.',
        ],
      },
      levels: {
        series: (count) => ({ [series('delivery_orphaned_points', lane)]: level(count) }),
        fires: 5,
        silent: 0,
        labels: { backend },
        shown: '5',
      },
    }),
  ];
}

/** The label `server` (host and port) ties a lane to the InfluxDB that is down, so that one message is enough. */
const ofServer = (expr: string): string => {
  const [, vector, comparison] = /^(.*\)) ((?:==|>) \d+)$/.exec(expr) ?? [];
  const labelled = (inner: string) => `label_replace(${inner}, "server", "$1", "backend", "https?://([^/]+).*")`;
  return comparison === undefined ? labelled(expr) : `${labelled(vector!)} ${comparison}`;
};

function noBackendTakesPoints(context: AlertContext, look: readonly string[]): Alert {
  const { backends, stack } = context.plan;
  const held = (count: number): Record<string, Course> =>
    Object.fromEntries(
      backends.map(({ name }, index) => [
        series('delivery_lane_held', {
          ...COLLECTOR,
          backend: `http://${name}:${stack.backends.port}`,
          slot: 'slot-0',
          reason: 'network',
        }),
        level(index < count ? 1 : 0),
      ]),
    );
  return define(context, {
    name: 'NoBackendTakesPoints',
    category: 'delivery',
    severity: 'critical',
    expr: `count(max by (backend) (delivery_lane_held{${COLLECTORS}}) == 1) >= ${backends.length}`,
    forS: 300,
    summary: 'None of the {{ $value | humanize }} backends takes points',
    description: 'Everything that is accepted waits in the logs of the collectors.',
    runbook: {
      meaning: 'For five minutes every backend has been held by at least one collector.',
      impact: 'What is read is old. When the logs are full, writes are refused (`IntakeClosed`).',
      look: [...look, `${COMPOSE} ps`],
      act: [
        'See `LaneHeld` and `LaneRefused` for the reason of each; `NoInfluxdbUp` when they are down.',
        'One that works again is enough: begin with the easier one.',
      ],
    },
    levels: {
      series: held,
      fires: backends.length,
      silent: backends.length - 1,
      labels: {},
      shown: String(backends.length),
    },
  });
}
