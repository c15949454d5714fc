import { showBytes, showDuration } from '../../file/units.js';
import { type Board, type BoardContext, firing, steps, timeline } from './board.js';
import { SERVER_STATES } from './haproxy.js';
import { ANSWERING, chosen, max, orZero, quantile, rate, sum } from './query.js';

const CATEGORIES = ['database'] as const;

/** Reads of InfluxDB at the proxy, whichever backend takes them. */
const READS = 'job="haproxy",proxy=~"influxdb|reads_.+"';
const atProxy = (metric: string) => `${metric}{${READS}}`;

export function influxdb(context: BoardContext): Board {
  const { stack, backends } = context.plan;
  const disk = sum(chosen('storage_shard_disk_size'), 'instance');
  return {
    file: 'influxdb',
    title: 'InfluxDB',
    description: 'The backends as they see themselves, and as the load balancer sees them. Each one gets everything.',
    job: 'influxdb',
    identity: 'influxdb_uptime_seconds',
    started: 'process_start_time_seconds',
    variables: [],
    categories: CATEGORIES,
    rows: [
      {
        title: 'Is it fine?',
        perLine: 4,
        panels: [
          firing(CATEGORIES),
          {
            kind: 'stat',
            title: 'Backends up',
            description: `Servers that Prometheus can ask, of ${backends.length}.`,
            unit: 'none',
            queries: [{ expr: orZero(ANSWERING) }],
            steps: steps('red', ...(backends.length > 1 ? [[1, 'orange'] as const] : []), [backends.length, 'green']),
            alerts: ['InfluxdbDown', 'NoInfluxdbUp'],
          },
          {
            kind: 'stat',
            title: 'Healthy at the proxy',
            description:
              'Servers that the load balancer finds healthy; of these those that have caught up are read from.',
            unit: 'none',
            queries: [{ expr: 'max(haproxy_backend_active_servers{job="haproxy",proxy="influxdb"})' }],
            steps: steps('red', ...(backends.length > 1 ? [[1, 'orange'] as const] : []), [backends.length, 'green']),
            alerts: ['ProxyBackendDown', 'ProxyServerDown'],
          },
          {
            kind: 'stat',
            title: 'Fullest disk',
            description: `Shards on disk against the volume of ${showBytes(stack.backends.storage)}.`,
            unit: 'percentunit',
            decimals: 1,
            queries: [{ expr: `max(${disk}) / ${stack.backends.storage}` }],
            ...context.limitedBy('InfluxdbDiskFilling', 'InfluxdbDiskNearlyFull'),
          },
          {
            kind: 'stat',
            title: 'Points that failed',
            description: 'Points in a second that the storage did not take.',
            unit: 'ops',
            queries: [{ expr: sum(rate(chosen('storage_writer_err_points_sum'))) }],
            ...context.limitedBy('InfluxdbWritesFail'),
          },
          {
            kind: 'stat',
            title: 'Slowest queries',
            description: 'The 95th percentile of the duration of queries, at the slowest backend.',
            unit: 's',
            queries: [{ expr: `max(${quantile(0.95, 'qc_all_duration_seconds', '', 'instance')})` }],
            ...context.limitedBy('InfluxdbQueriesSlow'),
          },
          {
            kind: 'stat',
            title: 'Waiting queries',
            description: 'Queries that wait for others to end, at the backend with the most.',
            unit: 'none',
            queries: [{ expr: `max(${sum(chosen('qc_queueing_active'), 'instance')})` }],
            ...context.limitedBy('InfluxdbQueriesQueue'),
          },
          {
            kind: 'stat',
            title: 'Waiting compactions',
            description:
              'Compactions that wait, at the backend with the most: they fall behind when more is written than it can bear.',
            unit: 'none',
            queries: [{ expr: `max(${sum(chosen('storage_compactions_queued'), 'instance')})` }],
            ...context.limitedBy('InfluxdbCompactionsBehind'),
          },
        ],
      },
      {
        title: 'Writes',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Points written',
            description:
              'Points in a second that each backend stored. The backends get the same: lines that differ are backlog, which is on the delivery dashboard.',
            unit: 'ops',
            queries: [{ expr: sum(rate(chosen('storage_writer_ok_points_sum')), 'instance'), legend: '{{instance}}' }],
            alerts: ['InfluxdbWriteLoadHigh', 'DeliveryBehind'],
          },
          {
            kind: 'series',
            title: 'Points not written',
            rare: true,
            description:
              'Points in a second that were dropped (such as those beyond the retention) or failed, and writes that timed out.',
            unit: 'ops',
            queries: [
              {
                expr: sum(rate(chosen('storage_writer_dropped_points_sum')), 'instance'),
                legend: '{{instance}} dropped',
              },
              { expr: sum(rate(chosen('storage_writer_err_points_sum')), 'instance'), legend: '{{instance}} failed' },
              { expr: sum(rate(chosen('storage_writer_timeouts')), 'instance'), legend: '{{instance}} timed out' },
            ],
            alerts: ['InfluxdbWritesFail'],
          },
          {
            kind: 'series',
            title: 'Cache',
            description: 'Points in memory that are not in files yet; when the cache is full, writes are refused.',
            unit: 'bytes',
            queries: [
              { expr: max(chosen('storage_cache_inuse_bytes'), 'instance'), legend: '{{instance}}, largest shard' },
            ],
            alerts: ['InfluxdbWriteLoadHigh'],
          },
          {
            kind: 'series',
            title: 'Requests',
            rare: true,
            description: 'Requests to the HTTP API in a second, by path and class of the status.',
            unit: 'reqps',
            queries: [
              {
                expr: sum(
                  rate(chosen('http_api_requests_total', 'path=~"/api/v2/(write|query)|/ping|/health|/metrics"')),
                  'instance',
                  'path',
                  'status',
                ),
                legend: '{{instance}} {{path}} {{status}}',
              },
            ],
          },
        ],
      },
      {
        title: 'Queries',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Duration of queries, p95',
            description: 'From the request to the end of the answer, waiting included.',
            unit: 's',
            queries: [{ expr: quantile(0.95, 'qc_all_duration_seconds', '', 'instance'), legend: '{{instance}}' }],
            ...context.limitedBy('InfluxdbQueriesSlow'),
          },
          {
            kind: 'series',
            title: 'Queries by result',
            description: 'Queries in a second, by how they ended.',
            unit: 'ops',
            queries: [
              { expr: sum(rate(chosen('qc_requests_total')), 'instance', 'result'), legend: '{{instance}} {{result}}' },
            ],
          },
          {
            kind: 'series',
            title: 'Queries under way',
            description: 'Queries that run, and those that wait.',
            unit: 'none',
            queries: [
              { expr: sum(chosen('qc_executing_active'), 'instance'), legend: '{{instance}} run' },
              { expr: sum(chosen('qc_queueing_active'), 'instance'), legend: '{{instance}} wait' },
            ],
            ...context.limitedBy('InfluxdbQueriesQueue'),
          },
          {
            kind: 'series',
            title: 'Time of writes, p95',
            description: 'How long InfluxDB took to answer writes: the collectors wait for so long.',
            unit: 's',
            queries: [
              {
                expr: quantile(0.95, 'http_api_request_duration_seconds', 'path="/api/v2/write"', 'instance'),
                legend: '{{instance}}',
              },
            ],
          },
        ],
      },
      {
        title: 'Disk and memory',
        perLine: 2,
        panels: [
          {
            kind: 'series',
            title: 'Shards on disk',
            description: `Size of the shards; the volume has ${showBytes(stack.backends.storage)}. Points are kept for ${showDuration(stack.backends.retention)}.`,
            unit: 'bytes',
            min: 0,
            queries: [{ expr: disk, legend: '{{instance}}' }],
            steps: steps('green', [stack.backends.storage, 'red']),
            alerts: ['InfluxdbDiskFilling', 'InfluxdbDiskNearlyFull'],
          },
          {
            kind: 'series',
            title: 'Series by bucket',
            description: 'Cardinality: what memory and start-up time follow.',
            unit: 'short',
            queries: [
              {
                expr: max(chosen('storage_bucket_series_num'), 'instance', 'bucket'),
                legend: '{{instance}} {{bucket}}',
              },
            ],
          },
          {
            kind: 'series',
            title: 'Compactions',
            description: 'Compactions that run and wait, and those that failed in a second.',
            unit: 'none',
            queries: [
              { expr: sum(chosen('storage_compactions_active'), 'instance'), legend: '{{instance}} run' },
              { expr: sum(chosen('storage_compactions_queued'), 'instance'), legend: '{{instance}} wait' },
              { expr: sum(rate(chosen('storage_compactions_failed')), 'instance'), legend: '{{instance}} failed/s' },
            ],
            ...context.limitedBy('InfluxdbCompactionsBehind'),
          },
          {
            kind: 'series',
            title: 'Memory',
            description: 'Resident memory of each backend, against its limit.',
            unit: 'bytes',
            queries: [{ expr: chosen('process_resident_memory_bytes'), legend: '{{instance}}' }],
            steps: steps('green', [stack.backends.resources.limits.memory, 'red']),
          },
        ],
      },
      {
        title: 'As the load balancer sees it: reads',
        perLine: 2,
        panels: [
          timeline({
            title: 'Health',
            description: 'State of each backend by the health checks of the load balancer.',
            of: (state) => `haproxy_server_status{job="haproxy",proxy="influxdb",state="${state}"}`,
            states: SERVER_STATES,
            labels: ['server'],
            alerts: ['ProxyServerDown', 'ProxyBackendDown'],
          }),
          {
            kind: 'series',
            title: 'Reads by backend',
            description: 'Requests in a second that each backend was chosen for. One that is behind gets none.',
            unit: 'reqps',
            queries: [
              { expr: sum(rate(atProxy('haproxy_server_loadbalanced_total')), 'server'), legend: '{{server}}' },
            ],
          },
          {
            kind: 'series',
            title: 'Answers by code',
            rare: true,
            description: 'Answers in a second by backend and class of the code.',
            unit: 'reqps',
            stacked: true,
            queries: [
              {
                expr: sum(rate(atProxy('haproxy_server_http_responses_total')), 'server', 'code'),
                legend: '{{server}} {{code}}',
              },
            ],
            alerts: ['ProxyErrorsHigh'],
          },
          {
            kind: 'series',
            title: 'Response time',
            description: 'The average over the latest 1,024 requests.',
            unit: 's',
            queries: [
              { expr: max(atProxy('haproxy_server_response_time_average_seconds'), 'server'), legend: '{{server}}' },
            ],
            ...context.limitedBy('ResponsesSlow'),
          },
        ],
      },
    ],
  };
}
