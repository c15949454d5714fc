import { expect, it } from 'vitest';
import { emittedBy } from '../../emitted/emitted-by.js';
import { ownMetrics } from '../../emitted/metrics-catalog.js';
import { infer } from '../../promql/infer.js';
import { parsePromql } from '../../promql/parse.js';
import { SeriesBook } from './series-book.js';

const emitted = emittedBy({ catalog: ownMetrics() });
const book = new SeriesBook({ emitted, jobs: undefined, recordings: [], alerts: ['InstanceDown'] });

function problemsOf(text: string): string[] {
  const parsed = parsePromql(text);
  if ('mistake' in parsed) return [`syntax: ${parsed.mistake.message}; ${parsed.mistake.fix}`];
  return infer(parsed.expression, text, book).problems.map(({ code, message, fix }) => `${code}: ${message}; ${fix}`);
}

const WRONG: ReadonlyArray<readonly [expression: string, problem: string, more?: string]> = [
  // The seeds' own.
  [
    'telemetry_collection_duration_seconds > 30',
    'metric: uses telemetry_collection_duration_seconds, the bare name of a histogram, which no series has',
    'write telemetry_collection_duration_seconds_bucket, telemetry_collection_duration_seconds_sum or telemetry_collection_duration_seconds_count',
  ],
  [
    '(count(container_last_seen{name="backend"}) == 5) and (rate(container_cpu_usage_seconds_total{name="backend"}[5m]) > 0.7)',
    'matching: can never bring anything: rate(container_cpu_usage_seconds_total{name="backend"}[5m])…',
    'write and on()',
  ],
  [
    'count(container_last_seen{service_name="prodstack_backend"}) == 5',
    'label: asks for service_name="prodstack_backend", and container_last_seen (cAdvisor 0.49.2) has no label "service_name"',
  ],
  [
    'increase(container_last_seen{name="prodstack_backend"}[1h])',
    'type: takes increase() of container_last_seen{name="prodstack_backend"}, which is a time and no counter',
    'changes(container_last_seen{name="prodstack_backend"}[1h])',
  ],
  [
    'increase(autoscale_failed_attempts_total[5m]) > 0',
    'metric: uses autoscale_failed_attempts_total, which nothing emits',
  ],
  ['rate(rtc_lb_scale_signals_total[5m])', 'metric: uses rtc_lb_scale_signals_total, which nothing emits'],
  [
    'rabbitmq_queue_messages_ready{queue="celery"} > 10000',
    'metric: uses rabbitmq_queue_messages_ready, which nothing emits',
  ],
  ['rate(http_requests_total{service="backend"}[5m])', 'metric: uses http_requests_total, which nothing emits'],
  // Names.
  [
    'telemetry_probes{outcome="down"}',
    'metric: uses telemetry_probes, which nothing emits',
    'did you mean telemetry_probes_total?',
  ],
  [
    'delivery_lag_second > 5',
    'metric: uses delivery_lag_second, which nothing emits',
    'did you mean delivery_lag_seconds?',
  ],
  ['haproxy_server_up == 0', 'metric: uses haproxy_server_up', 'write haproxy_server_status{state="UP"}'],
  [
    'delivery_lag_seconds_bucket',
    'metric: uses delivery_lag_seconds_bucket, and delivery_lag_seconds is a gauge, which has no _bucket',
  ],
  ['fleet_members_total', 'metric: uses fleet_members_total, and fleet_members is a gauge, which has no _total'],
  [
    'go_gc_duration_seconds_bucket',
    'metric: uses go_gc_duration_seconds_bucket, and go_gc_duration_seconds is a summary',
    'go_gc_duration_seconds{quantile="…"}',
  ],
  ['job:errors:rate5m > 1', 'metric: uses job:errors:rate5m, which no recording rule makes'],
  ['{__name__=~"teleemtry_.*"}', 'metric: asks for the names teleemtry_.*, and no metric has such a one'],
  ['{__name__="fleet_memberz"}', 'metric: uses fleet_memberz', 'did you mean fleet_members?'],
  // Labels and their values.
  [
    'rate(telemetry_probes_total{outcome="dwn"}[5m])',
    'label: asks for outcome="dwn", and "outcome" of telemetry_probes_total (@breakwater/telemetry-collector) can only be "up", "partial", "down"',
  ],
  [
    'rate(telemetry_probes_total{outcome=~"down|timeouts"}[5m])',
    'label: asks for outcome=~"down|timeouts"',
    'leave "timeouts" out',
  ],
  ['rate(telemetry_probes_total{outcome!="ok"}[5m])', 'label: asks for outcome!="ok"', 'leave "ok" out'],
  ['rate(telemetry_probes_total{outcome=~"x.*"}[5m])', 'label: asks for outcome=~"x.*"', 'write one of those'],
  ['rate(telemetry_probes_total{outcome!~".+"}[5m])', 'label: asks for outcome!~".+"'],
  [
    'telemetry_build_info{outcome=""} and telemetry_build_info{version=""}',
    'label: asks for version="", and telemetry_build_info always has a "version"',
  ],
  ['rate(haproxy_backend_http_responses_total{code="500"}[5m])', 'label: asks for code="500"', '"5xx"'],
  ['rate(http_api_requests_total{status="5xx"}[5m])', 'label: asks for status="5xx"', '"5XX"'],
  [
    'fleet_standing{state="alone"} == 1',
    'label: asks for state="alone", and fleet_standing',
    'instance, job, standing',
  ],
  [
    'sum by (target) (rate(telemetry_probes_total[5m]))',
    'label: groups by "target", a label that rate(telemetry_probes_total[5m]) does not have',
  ],
  ['sum without (target) (rate(telemetry_probes_total[5m]))', 'label: takes away "target"'],
  [
    'sum by (probe) (sum by (outcome) (rate(telemetry_probes_total[5m])))',
    'label: groups by "probe"',
    'use one of outcome',
  ],
  [
    'label_replace(fleet_members, "a", "$1", "shard", "(.*)")',
    'label: makes a label out of "shard", which fleet_members does not have',
  ],
  ['label_join(fleet_members, "a", "-", "instance", "shard")', 'label: makes a label out of "shard"'],
  ['ALERTS{alertname="InstanceDwon"}', 'label: asks for alertname="InstanceDwon"', '"InstanceDown"'],
  ['ALERTS{alertstate="active"}', 'label: asks for alertstate="active"', '"pending", "firing"'],
  // Types.
  ['rate(delivery_lag_seconds[5m])', 'type: takes rate() of delivery_lag_seconds, which is a gauge'],
  ['irate(fleet_members[5m])', 'type: takes irate() of fleet_members, which is a gauge'],
  [
    'increase(telemetry_targets_file_loaded_timestamp_seconds[1h])',
    'type: takes increase() of telemetry_targets_file_loaded_timestamp_seconds, which is a time',
    'write time() - ',
  ],
  ['rate(telemetry_event_loop_lag_seconds{quantile="0.99"}[5m])', 'type: takes rate() of'],
  [
    'delivery_refused_points_total > 10',
    'type: compares delivery_refused_points_total with 10',
    'increase(delivery_refused_points_total[5m])',
  ],
  ['10 < sum(delivery_refused_points_total)', 'type: compares sum(delivery_refused_points_total) with 10'],
  [
    'sum(telemetry_collection_duration_seconds_sum) / sum(telemetry_collection_duration_seconds_count) > 30',
    'type: compares',
  ],
  ['telemetry_collection_duration_seconds_bucket{le="10"} > 5', 'type: compares'],
  ['deriv(telemetry_probes_total[5m])', 'type: takes deriv() of telemetry_probes_total[5m], which is a counter'],
  ['predict_linear(delivery_offered_points_total[1h], 3600) > 0', 'type: takes predict_linear() of'],
  ['delta(telemetry_probes_total[5m])', 'type: takes delta() of', 'write rate() or increase()'],
  ['avg_over_time(telemetry_probes_total[5m])', 'type: takes avg_over_time() of', 'total since the start'],
  [
    'rate(sum(telemetry_probes_total)[5m:1m])',
    'type: takes rate() of sum(telemetry_probes_total): a restart of one',
    'sum(rate(…))',
  ],
  [
    'rate(rate(telemetry_probes_total[5m])[5m:1m])',
    'type: takes rate() of rate(telemetry_probes_total[5m]), which is a rate already',
  ],
  [
    'histogram_quantile(0.95, sum(rate(telemetry_collection_duration_seconds_bucket[5m])))',
    'type: takes sum() of rate(telemetry_collection_duration_seconds_bucket[5m]) and drops "le"',
    'sum by (le)',
  ],
  ['sum by (probe) (rate(telemetry_collection_duration_seconds_bucket[5m])) > 1', 'drops "le"', 'sum by (le, probe)'],
  [
    'histogram_quantile(0.95, rate(telemetry_collection_duration_seconds_sum[5m]))',
    "type: takes histogram_quantile() of rate(telemetry_collection_duration_seconds_sum[5m]), which is no histogram's buckets",
  ],
  ['histogram_quantile(0.9, delivery_lag_seconds)', "no histogram's buckets"],
  [
    'histogram_quantile(95, sum by (le) (rate(telemetry_collection_duration_seconds_bucket[5m])))',
    'the quantile 95, which is none',
    'write 0.95',
  ],
  [
    'histogram_quantile(0.95, sum by (le) (telemetry_collection_duration_seconds_bucket))',
    'of all that was observed since the start',
  ],
  ['histogram_quantile(0.9, rate(telemetry_collection_duration_seconds_bucket{le="1"}[5m]))', "no histogram's buckets"],
  [
    'avg(histogram_quantile(0.95, sum by (le, instance) (rate(telemetry_collection_duration_seconds_bucket[5m]))))',
    'type: takes avg() of',
    'which are quantiles',
  ],
  ['avg(telemetry_event_loop_lag_seconds{quantile="0.99"})', 'type: takes avg() of', 'which are quantiles'],
  ['sum(go_gc_duration_seconds{quantile="0.5"})', 'type: takes sum() of', 'which are quantiles'],
  // Matching.
  [
    'delivery_pending_points / on(instance) fleet_members',
    'matching: has several series on the left for one match: delivery_pending_points differs in "backend", "slot"',
    'write / on(instance) group_left()',
  ],
  [
    'fleet_members / on(instance) delivery_pending_points',
    'matching: has several series on the right',
    'group_right()',
  ],
  [
    'delivery_pending_points / ignoring(slot) delivery_held_points',
    'matching: has several series on the left',
    'aggregate both sides',
  ],
  [
    'fleet_members * on(instance) group_left() delivery_pending_points',
    'matching: has several series for one match on the side that group_left wants one on',
  ],
  ['fleet_members * on(instance) group_left(arch) telemetry_build_info', 'label: takes "arch" over with group_left'],
  [
    'fleet_members and on(backend) delivery_pending_points > 0',
    'label: matches "and" on "backend", which fleet_members does not have',
  ],
  ['fleet_members / ignoring(shard) fleet_sharers', 'label: ignores "shard", which neither side has'],
  ['fleet_members unless sum(up)', 'matching: takes nothing away, ever: fleet_members has', 'write unless on()'],
  [
    'sum by (probe) (rate(telemetry_probes_total{outcome="down"}[5m])) / rate(telemetry_probes_total[5m])',
    'matching: can never bring anything',
    'on(probe) group_right()',
  ],
  [
    'delivery_lane_held{reason="network"} == 1 and delivery_lane_held{reason="timeout"} == 1',
    '"reason" is "network" on the left and "timeout" on the right',
  ],
  [
    'haproxy_server_status{state="UP"} / haproxy_backend_status{state="UP"}',
    'haproxy_server_status{state="UP"} has "server" and haproxy_backend_status{state="UP"} has not',
  ],
  ['time() - fleet_members and vector(1)', 'matching: can never bring anything'],
];

it.each(WRONG.map(([expression, problem, more]) => [expression, problem, more ?? ''] as const))(
  '%s',
  (expression, problem, more) => {
    const problems = problemsOf(expression);
    expect(problems.filter((one) => one.includes(problem) && one.includes(more))).toHaveLength(1);
  },
);

const RIGHT = [
  'up{job=~"a|b"} == 0',
  'histogram_quantile(0.95, sum by (le, probe) (rate(telemetry_collection_duration_seconds_bucket[5m]))) > 5',
  'sum(rate(telemetry_probes_total{outcome=~"down|timeout"}[5m])) / sum(rate(telemetry_probes_total[5m])) > 0.05',
  'sum by (probe) (rate(telemetry_probes_total{outcome="down"}[5m])) / on (probe) group_right () sum by (probe, outcome) (rate(telemetry_probes_total[5m]))',
  'rate(telemetry_probes_total{outcome="down"}[5m]) / ignoring(outcome) group_left sum without (outcome) (rate(telemetry_probes_total[5m]))',
  'rate(telemetry_probes_total{outcome="down"}[5m]) / ignoring(outcome) rate(telemetry_probes_total{outcome="up"}[5m])',
  'delivery_accepted_points_total - delivery_released_points_total - sum without (reason) (delivery_expired_points_total) > 0',
  'delivery_accepted_points_total == 0',
  'time() - telemetry_targets_file_loaded_timestamp_seconds > 3600',
  'time() - process_start_time_seconds{job="network-telemetry"} < 60',
  'absent(up{job="network-telemetry"} == 1)',
  'count(up{job="network-telemetry"} == 1) < 3 or absent(up{job="network-telemetry"})',
  'fleet_members * on(instance) group_left(version) telemetry_build_info',
  'max by (instance) (telemetry_event_loop_lag_seconds{quantile="0.99"}) > 0.5',
  'predict_linear(node_filesystem_avail_bytes{mountpoint="/"}[6h], 4 * 3600) < 0',
  'deriv(delivery_pending_points[15m]) > 0 and delivery_lag_seconds > 60',
  '1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.8',
  'sum by (name) (rate(container_cpu_usage_seconds_total{name!=""}[5m])) > 0.7 and on() count(container_last_seen{name="backend"}) == 5',
  'container_memory_working_set_bytes / container_spec_memory_limit_bytes > 0.9 and container_spec_memory_limit_bytes > 0',
  'haproxy_backend_active_servers == 0 and on(proxy) haproxy_backend_status{state="UP"} == 1',
  'delivery_pending_points / on(instance) group_left fleet_members',
  'topk(5, telemetry_slowest_targets_seconds)',
  'rate(redis_commands_processed_total[5m])',
  'max_over_time(sum(rate(telemetry_probes_total[5m]))[1h:5m]) > 1',
  'ALERTS{alertname="InstanceDown", alertstate="firing", severity="critical"}',
  'label_replace(up, "host", "$1", "instance", "(.*):.*")',
  'count by (version) (telemetry_build_info) > 0',
  '(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes) / node_memory_MemTotal_bytes > 0.9',
  'rate(telemetry_probes_total[5m] offset 1d) / rate(telemetry_probes_total[5m]) < 0.5',
  'fleet_standing{standing="alone"} == 1 unless on(instance) fleet_redis_connected == 0',
  'changes(process_start_time_seconds[15m]) > 2',
  'kube_deployment_spec_replicas{deployment="socket"} != kube_deployment_status_replicas_available{deployment="socket"}',
  'delivery_expired_points_total{reason=~"age|size"} offset 5m == 0',
  'sum(telemetry_targets{state=~"failing|open"}) / sum(telemetry_targets) > 0.5',
  'vector(1)',
];

it.each(RIGHT)('nothing is wrong with %s', (expression) => {
  expect(problemsOf(expression)).toEqual([]);
});
