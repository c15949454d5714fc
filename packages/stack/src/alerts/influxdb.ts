import { showBytes } from '../file/units.js';
import type { Alert } from './alert.js';
import { type AlertContext, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { bucketsAt, define, series } from './define.js';

const RANGE_S = 300;
/** `storage-cache-max-memory-size` of InfluxDB 2.7: writes are refused beyond it. */
const CACHE_BYTES = 1024 ** 3;

/** Write load, disk and queries of InfluxDB 2.7, from its own /metrics. */
export function influxdb(context: AlertContext): Alert[] {
  const { stack } = context.plan;
  const server = { job: 'influxdb', instance: `influxdb-1:${stack.backends.port}` };
  return [...writes(context, server), ...disk(stack.backends.storage, context, server), ...queries(context, server)];
}

type Server = Readonly<Record<'job' | 'instance', string>>;

const shardOf = (server: Server) => ({ ...server, bucket: '0c3dd7d2d97f4b23', engine: 'tsm1', id: '1' });

function writes(context: AlertContext, server: Server): Alert[] {
  const labels = { instance: server.instance };
  const range = context.window(RANGE_S);
  return [
    define(context, {
      name: 'InfluxdbWriteLoadHigh',
      category: 'database',
      severity: 'warning',
      expr: `max by (instance) (storage_cache_inuse_bytes{job="influxdb"}) / ${CACHE_BYTES} > 0.5`,
      forS: 300,
      summary:
        '{{ $labels.instance }} takes more writes than it brings to its disk: the cache of a shard is {{ $value | humanizePercentage }} full',
      description: `Snapshots empty it from 25 MiB on. At ${showBytes(CACHE_BYTES)} InfluxDB refuses writes.`,
      runbook: {
        meaning: `For five minutes the cache of one shard has held more than half of the ${showBytes(CACHE_BYTES)} that it may have: writes come in faster than snapshots are written.`,
        impact: 'At the limit InfluxDB answers 503. The lanes then wait and slow down; points stay in the logs.',
        look: [
          "curl -s http://localhost:9090/api/v1/query?query='sum%20by%20(instance)(rate(storage_writer_ok_points_sum[5m]))' | jq",
          'docker stats --no-stream; iostat -x 5 2',
          "curl -s http://localhost:8080/health/lanes | jq '.lanes[] | {backend, caughtUp, pendingPoints}'",
        ],
        act: [
          'It catches up after an outage: it passes. `delivery_catch_up_points_per_second` falls by itself when InfluxDB says 429 or 503.',
          'The disk is slow or shared: give it a faster one.',
          'The load is here to stay: longer intervals, fewer fields, more CPU and memory under `backends.resources`.',
        ],
      },
      levels: {
        series: (share) => ({ [series('storage_cache_inuse_bytes', shardOf(server))]: level(share * CACHE_BYTES) }),
        fires: 0.75,
        silent: 0.25,
        labels,
        shown: '75%',
      },
    }),
    define(context, {
      name: 'InfluxdbWritesFail',
      category: 'database',
      severity: 'warning',
      expr: `sum by (instance) (rate(storage_writer_err_points_sum{job="influxdb"}[${range}])) > 0`,
      forS: 120,
      summary: '{{ $labels.instance }} fails to write points',
      description: 'Its storage engine had errors. The lanes keep what was not acknowledged.',
      runbook: {
        meaning: 'For two minutes write requests have failed inside of InfluxDB, which is not the fault of a line.',
        impact: 'Those points are sent again. This server falls behind the others.',
        look: [`${COMPOSE} logs --tail 200 influxdb-1`, 'df -h; df -i'],
        act: [
          'The log names the shard and the error: mostly a full disk, or too many open files.',
          'A damaged shard: see `influxd inspect verify-tsm`.',
        ],
      },
      levels: {
        series: (rate) => ({
          [series('storage_writer_err_points_sum', { ...server, path: '/var/lib/influxdb2/engine' })]: rising(rate),
        }),
        fires: 4,
        silent: 0,
        windowS: context.windowS(RANGE_S),
        labels,
        shown: '4',
      },
    }),
    define(context, {
      name: 'InfluxdbCompactionsBehind',
      category: 'database',
      severity: 'info',
      expr: 'sum by (instance) (storage_compactions_queued{job="influxdb"}) > 20',
      forS: 1800,
      summary: '{{ $value | humanize }} compactions wait at {{ $labels.instance }}',
      description: 'Queries read more files than they need to, and the data takes more room.',
      runbook: {
        meaning: 'For half an hour more than twenty compactions have been waiting.',
        impact: 'Queries get slower, and the disk fills faster than the data grows.',
        look: ['docker stats --no-stream; iostat -x 5 2', `${COMPOSE} logs --tail 200 influxdb-1 | grep -i compact`],
        act: ['After an import or a long catch-up it passes.', 'Else the server lacks CPU or disk throughput.'],
      },
      levels: {
        series: (count) => ({
          [series('storage_compactions_queued', { ...shardOf(server), level: '1' })]: level(count),
        }),
        fires: 60,
        silent: 10,
        labels,
        shown: '60',
      },
    }),
  ];
}

function disk(storage: number, context: AlertContext, server: Server): Alert[] {
  const labels = { instance: server.instance };
  const used = `sum by (instance) (storage_shard_disk_size{job="influxdb"}) / ${storage}`;
  const at = (share: number) => ({ [series('storage_shard_disk_size', shardOf(server))]: level(share * storage) });
  const common = { category: 'database', subject: 'influxdb-disk' } as const;
  const act = [
    `Shorten \`backends.retention\`, and at once: \`${COMPOSE} exec influxdb-1 influx bucket update --id <id> --retention 14d\`. Room is freed with whole shards.`,
    'Or enlarge the volume and `backends.storage`. Delete no files below the data folder.',
    'Series that nobody wants: `influx delete --predicate`, and mend who writes them.',
  ];
  const look = [
    `${COMPOSE} exec influxdb-1 df -h /var/lib/influxdb2`,
    `${COMPOSE} exec influxdb-1 influx bucket list`,
    "curl -s http://localhost:9090/api/v1/query?query='sum%20by%20(instance,bucket)(storage_shard_disk_size)' | jq",
  ];
  return [
    define(context, {
      ...common,
      name: 'InfluxdbDiskFilling',
      severity: 'warning',
      expr: `${used} > 0.8`,
      forS: 600,
      summary: 'The data of {{ $labels.instance }} takes {{ $value | humanizePercentage }} of its volume',
      description: `The volume has ${showBytes(storage)} (backends.storage).`,
      runbook: {
        meaning: `The shards of this server take more than 80 % of ${showBytes(storage)}.`,
        impact: 'None yet. On a full disk InfluxDB writes nothing more and may not start.',
        look,
        act,
      },
      levels: { series: at, fires: 0.85, silent: 0.5, labels, shown: '85%' },
    }),
    define(context, {
      ...common,
      name: 'InfluxdbDiskNearlyFull',
      severity: 'critical',
      expr: `${used} > 0.93`,
      forS: 300,
      summary: 'The data of {{ $labels.instance }} takes {{ $value | humanizePercentage }} of its volume',
      description: `The volume has ${showBytes(storage)} (backends.storage). Compactions need room beside the data.`,
      runbook: {
        meaning: `The shards of this server take more than 93 % of ${showBytes(storage)}; the write-ahead log and compactions need the rest.`,
        impact: 'Soon this InfluxDB takes no more points. All servers have the same data, so the others follow.',
        look,
        act,
      },
      levels: { series: at, fires: 0.96, silent: 0.85, labels, shown: '96%' },
    }),
  ];
}

function queries(context: AlertContext, server: Server): Alert[] {
  const labels = { instance: server.instance };
  const range = context.window(RANGE_S);
  const selector = `{job="influxdb"}[${range}]`;
  const query = { ...server, org: '48c88459ee424a04' };
  // Three quarters of the queries at most take 3.125 s.
  const slow = (perSecond: number) => ({
    ...bucketsAt('qc_all_duration_seconds', query, [
      ['0.625', 0],
      ['3.125', perSecond * 0.75],
      ['15.625', perSecond],
      ['+Inf', perSecond],
    ]),
    [series('qc_all_duration_seconds_count', query)]: rising(perSecond),
  });
  const quick = {
    ...bucketsAt('qc_all_duration_seconds', query, [
      ['0.625', 0],
      ['3.125', 1],
      ['15.625', 1],
      ['+Inf', 1],
    ]),
    [series('qc_all_duration_seconds_count', query)]: rising(1),
  };
  return [
    define(context, {
      name: 'InfluxdbQueriesSlow',
      category: 'database',
      severity: 'warning',
      expr: `histogram_quantile(0.95, sum by (instance, le) (rate(qc_all_duration_seconds_bucket${selector}))) > 5 and sum by (instance) (rate(qc_all_duration_seconds_count${selector})) > 0.02`,
      forS: 600,
      summary: 'Queries at {{ $labels.instance }} take {{ $value | humanizeDuration }} (95th percentile)',
      description: 'Waiting for a place in the queue included.',
      runbook: {
        meaning: 'For ten minutes one query in twenty has taken longer than 5 s.',
        impact: 'Dashboards load slowly; HAProxy gives up on queries that take longer than its server timeout.',
        look: [
          "curl -s http://localhost:9090/api/v1/query?query='sum%20by%20(instance)(qc_executing_active)' | jq",
          'docker stats --no-stream',
          `${COMPOSE} logs --tail 200 influxdb-1 | grep -i query`,
        ],
        act: [
          'One dashboard: a shorter time range, or aggregates by a task.',
          'All of them: memory or CPU of InfluxDB, a catch-up after an outage, compactions (`InfluxdbCompactionsBehind`).',
        ],
      },
      levels: {
        series: (seconds) => (seconds > 5 ? slow(0.1) : quick),
        fires: 13.1,
        silent: 3,
        windowS: context.windowS(RANGE_S),
        labels,
        shown: '13.12s',
      },
      guards: { 'hardly anybody asks': slow(0.01) },
    }),
    define(context, {
      name: 'InfluxdbQueriesQueue',
      category: 'database',
      severity: 'warning',
      expr: 'sum by (instance) (qc_queueing_active{job="influxdb"}) > 5',
      forS: 300,
      summary: '{{ $value | humanize }} queries wait at {{ $labels.instance }}',
      description: 'As many run as may run at once.',
      runbook: {
        meaning: 'For five minutes more than five queries have been waiting for others to end.',
        impact: 'Dashboards hang. When the queue is full, queries are refused.',
        look: [
          "curl -s http://localhost:9090/api/v1/query?query='qc_executing_active' | jq",
          "curl -s 'http://localhost:8404/stats;csv' | grep ^influxdb,",
        ],
        act: [
          'Find who asks: the log of HAProxy names address and path.',
          'Stop what refreshes every second; see `InfluxdbQueriesSlow`.',
        ],
      },
      levels: {
        series: (count) => ({ [series('qc_queueing_active', query)]: level(count) }),
        fires: 12,
        silent: 2,
        labels,
        shown: '12',
      },
    }),
  ];
}
