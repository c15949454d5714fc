import { across, type Broken } from './broken.suite.js';

const ADAPTER = 'k8s/prometheus-adapter.yaml';
const HPA = 'k8s/autoscaling.yaml';
const PROMETHEUS = 'prometheus/prometheus.yml';
const USER = 'prometheus/rules/user.yml';

/** A rule of a user, with all that an alert must have but a section in our runbook. */
const rule = (name: string, expr: string) => `groups:
  - name: user
    rules:
      - alert: ${name}
        expr: ${expr}
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: s
          description: d
          runbook_url: https://wiki.example.test/${name}
`;

export const metricsBreaks: readonly Broken[] = [
  across(
    'a metric that has another name since a release',
    (stack) => stack.emit('delivery_orphaned_points', (metric) => ({ ...metric, name: 'delivery_ownerless_points' })),
    {
      check: 'metric-emitted',
      file: 'grafana/dashboards/delivery.json',
      at: '"expr": "sum by (backend) (delivery_orphaned_points{job=~\\"$job\\",instance=~\\"$i…',
      says: 'dashboard "Delivery ledger", panel "Backlog", uses delivery_orphaned_points, which nothing emits; did you mean delivery_carried_points?',
    },
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'expr: sum by (backend) (delivery_orphaned_points{job="network-telemetry"}) > 0',
      says: 'alert PointsOrphaned uses delivery_orphaned_points, which nothing emits; did you mean delivery_carried_points?',
    },
  ),
  across(
    'a metric of the HPA that has another name since a release',
    (stack) =>
      stack.emit('telemetry_collection_duration_seconds', (metric) => ({
        ...metric,
        name: 'telemetry_turn_duration_seconds',
      })),
    {
      check: 'metric-emitted',
      file: 'grafana/dashboards/collection.json',
      at: '"…": "…telemetry_collection_duration_seconds_…',
      says: '… uses telemetry_collection_duration_seconds_…, which nothing emits; did you mean telemetry_turn_duration_seconds_…?',
      times: 'many',
    },
    {
      check: 'hpa-metric',
      file: 'k8s/autoscaling.yaml',
      at: 'name: telemetry_collection_busy',
      says: 'HPA network-telemetry-hpa scales on the Pods metric telemetry_collection_busy, and no rule of prometheus-adapter makes it; write a rule with name.as: telemetry_collection_busy; the rules make none',
    },
    {
      check: 'adapter-rule',
      file: 'k8s/prometheus-adapter.yaml',
      at: '- seriesQuery: telemetry_collection_duration_seconds_sum{namespace="telemetry-sy…',
      says: 'seriesQuery of the adapter rule uses telemetry_collection_duration_seconds_sum, which nothing emits; did you mean telemetry_turn_duration_seconds_sum?',
    },
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: …telemetry_collection_duration_seconds_…',
      says: 'alert … uses telemetry_collection_duration_seconds_…, which nothing emits; did you mean telemetry_turn_duration_seconds_…?',
      times: 2,
    },
  ),
  across(
    'a value of a label that is not emitted any more',
    (stack) =>
      stack.emit('fleet_standing', (metric) => ({
        ...metric,
        labels: { ...metric.labels, standing: ['member', 'joining', 'unsure', 'out'] },
      })),
    {
      check: 'metric-label',
      file: 'grafana/dashboards/fleet.json',
      at: '"expr": …',
      says: 'dashboard "Fleet", panel … asks for standing="alone", and "standing" of fleet_standing (@breakwater/fleet) can only be "member", "joining", "unsure", "out"; write one of those',
      times: 2,
    },
    {
      check: 'metric-label',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'expr: fleet_standing{job="network-telemetry",standing="alone"} == 1',
      says: 'alert CollectorAlone asks for standing="alone", and "standing" of fleet_standing (@breakwater/fleet) can only be "member", "joining", "unsure", "out"; write one of those',
    },
  ),
  across(
    'a label that has another name since a release',
    (stack) =>
      stack.emit('delivery_orphaned_points', ({ labels: { backend, ...labels }, ...metric }) => ({
        ...metric,
        labels: { ...labels, server: backend! },
      })),
    {
      check: 'metric-label',
      file: 'grafana/dashboards/delivery.json',
      at: '"expr": "sum by (backend) (delivery_orphaned_points{job=~\\"$job\\",instance=~\\"$i…',
      says: 'dashboard "Delivery ledger", panel "Backlog", …delivery_orphaned_points…; use one of instance, job, server, slot',
      times: 2,
    },
    {
      check: 'template-label',
      file: 'grafana/dashboards/delivery.json',
      at: '"legendFormat": "orphaned {{backend}}"',
      says: 'dashboard "Delivery ledger", panel "Backlog", shows the label "backend" in legend "orphaned {{backend}}", and what its expression brings does not have it; leave it out: there are no labels left here',
    },
    {
      check: 'metric-label',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'expr: sum by (backend) (delivery_orphaned_points{job="network-telemetry"}) > 0',
      says: 'alert PointsOrphaned groups by "backend", a label that delivery_orphaned_points{job="network-telemetry"} does not have; use one of instance, job, server, slot',
    },
    {
      check: 'template-label',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'summary: "{{ $value | humanize }} points are kept for {{ $labels.backend }}, whi…',
      says: 'alert PointsOrphaned shows the label "backend" in annotation "summary", and what its expression brings does not have it; leave it out: there are no labels left here',
    },
  ),
  across(
    'a counter that became a gauge',
    (stack) => stack.emit('fleet_superseded_total', (metric) => ({ ...metric, type: 'gauge' })),
    {
      check: 'metric-type',
      file: 'grafana/dashboards/fleet.json',
      at: '"expr": "sum(rate(fleet_superseded_total{job=~\\"$job\\",instance=~\\"$instance\\"}[…',
      says: 'dashboard "Fleet", panel "Changes", takes rate() of fleet_superseded_total{job=~"",instance=~""}, which is a gauge: each fall counts as a restart; write deriv() or delta() for a change, or avg_over_time() for a level',
    },
    {
      check: 'metric-type',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'expr: increase(fleet_superseded_total{job="network-telemetry"}[30m]) > 0',
      says: 'alert ReplicaIdTaken takes increase() of fleet_superseded_total{job="network-telemetry"}, which is a gauge: each fall counts as a restart; write deriv() or delta() for a change, or avg_over_time() for a level',
    },
  ),
  across(
    'a job of another name than the rules ask for',
    (stack) => stack.change(PROMETHEUS, 'job_name: redis', 'job_name: redis-exporter'),
    {
      check: 'metric-scraped',
      file: 'grafana/dashboards/fleet.json',
      at: '"expr": …',
      says: 'dashboard "Fleet", panel … which redis_exporter 1.67.0 emits, and prometheus.yml has no job "redis"; scrape it, or use a metric of a job that is there',
      times: 'many',
    },
    {
      check: 'metric-label',
      file: 'prometheus/rules/absence_alerts.yml',
      at: 'expr: absent(up{job="redis"})',
      says: 'alert RedisExporterAbsent asks for job="redis", and "job" of up (Prometheus) can only be "network-telemetry", "influxdb", "grafana", "haproxy", "redis-exporter", "node", "cadvisor", "prometheus", "alertmanager"; write one of those',
    },
    {
      check: 'metric-scraped',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'expr: …',
      says: 'alert … uses … which redis_exporter 1.67.0 emits, and prometheus.yml has no job "redis"; scrape it, or use a metric of a job that is there',
      times: 'many',
    },
    {
      check: 'metric-label',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: up{job=~"grafana|redis|node|cadvisor|prometheus|alertmanager"} == 0',
      says: 'alert ServiceDown asks for job=~"grafana|redis|node|cadvisor|prometheus|alertmanager", and "job" of up (Prometheus) can only be "network-telemetry", "influxdb", "grafana", "haproxy", "redis-exporter", "node", "cadvisor", "prometheus", "alertmanager"; leave "redis" out, or write one of those',
    },
  ),
  across(
    'a recording rule of another name than a dashboard shows',
    (stack) =>
      stack.changeAll(
        'prometheus/rules/objectives.yml',
        'backend:delivery_late_points:ratio_rate1h',
        'backend:late_points:ratio_rate1h',
      ),
    {
      check: 'metric-emitted',
      file: 'grafana/dashboards/delivery.json',
      at: '"expr": …',
      says: 'dashboard "Delivery ledger", panel … uses backend:delivery_late_points:ratio_rate1h, which no recording rule makes; did you mean backend:delivery_late_points:ratio_rate2h?',
      times: 2,
    },
  ),
  across(
    'scrapes so far apart that rates have too few samples',
    (stack) => stack.change(PROMETHEUS, 'scrape_interval: 15s', 'scrape_interval: 90s'),
    {
      check: 'adapter-window',
      file: 'k8s/prometheus-adapter.yaml',
      at: 'metricsQuery: sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[2m]))',
      says: 'the rate over 2m of telemetry_collection_duration_seconds_sum{namespace="telemetry-system",pod!=""} holds fewer than 4 scrapes, which come every 90 s: one that is missed makes it vanish, and nothing scales in meanwhile; write [360s] or more',
    },
    {
      check: 'rate-window',
      file: 'prometheus/rules/collection_alerts.yml',
      at: 'expr: …',
      says: '… rate over [5m], and Prometheus scrapes every 90 s: a missed scrape or two leave nothing to work with; at least four scrapes: [360s]',
      times: 'many',
    },
    {
      check: 'alert-for',
      file: 'prometheus/rules/collection_alerts.yml',
      at: 'for: 1m',
      says: 'alert TargetsFileBroken has for: 1m, and Prometheus scrapes every 90 s: one sample decides; at least two scrapes: for: 180s',
    },
    {
      check: 'alert-for',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'for: …',
      says: 'alert … has for: … and Prometheus scrapes every 90 s: one sample decides; at least two scrapes: for: 180s',
      times: 'many',
    },
    {
      check: 'rate-window',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'expr: …',
      says: '… rate over [5m], and Prometheus scrapes every 90 s: a missed scrape or two leave nothing to work with; at least four scrapes: [360s]',
      times: 'many',
    },
    {
      check: 'alert-for',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'for: …',
      says: 'alert … has for: … and Prometheus scrapes every 90 s: one sample decides; at least two scrapes: for: 180s',
      times: 'many',
    },
    {
      check: 'rate-window',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'expr: rate(redis_rejected_connections_total{job="redis"}[5m]) > 0',
      says: 'RedisRejectsConnections: rate over [5m], and Prometheus scrapes every 90 s: a missed scrape or two leave nothing to work with; at least four scrapes: [360s]',
    },
    {
      check: 'rate-window',
      file: 'prometheus/rules/objectives.yml',
      at: 'expr: …',
      says: '… rate over [5m], and Prometheus scrapes every 90 s: a missed scrape or two leave nothing to work with; at least four scrapes: [360s]',
      times: 'many',
    },
    {
      check: 'alert-for',
      file: 'prometheus/rules/objectives.yml',
      at: 'for: 2m',
      says: 'alert … has for: 2m, and Prometheus scrapes every 90 s: one sample decides; at least two scrapes: for: 180s',
      times: 'many',
    },
    {
      check: 'rate-window',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: …',
      says: '… rate over [5m], and Prometheus scrapes every 90 s: a missed scrape or two leave nothing to work with; at least four scrapes: [360s]',
      times: 'many',
    },
    {
      check: 'alert-for',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'for: …',
      says: 'alert … has for: … and Prometheus scrapes every 90 s: one sample decides; at least two scrapes: for: 180s',
      times: 'many',
    },
  ),
  across(
    'an adapter without the rule that the HPA needs',
    (stack) => stack.change(ADAPTER, 'as: telemetry_collection_busy', 'as: telemetry_collection_load'),
    {
      check: 'hpa-metric',
      file: 'k8s/autoscaling.yaml',
      at: 'name: telemetry_collection_busy',
      says: 'HPA network-telemetry-hpa scales on the Pods metric telemetry_collection_busy, and no rule of prometheus-adapter makes it; did you mean telemetry_collection_load?',
    },
  ),
  across('an adapter whose rule is gone', (stack) => stack.remove(ADAPTER), {
    check: 'hpa-metric',
    file: 'k8s/autoscaling.yaml',
    at: 'name: telemetry_collection_busy',
    says: 'HPA network-telemetry-hpa scales on the Pods metric telemetry_collection_busy, and no rule of prometheus-adapter in these files makes it; write the rule of prometheus-adapter that makes it beside the HPA',
  }),
  across('an adapter whose rate holds too few scrapes', (stack) => stack.change(ADAPTER, '[2m]', '[30s]'), {
    check: 'adapter-window',
    file: 'k8s/prometheus-adapter.yaml',
    at: 'metricsQuery: sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[30s]))',
    says: 'the rate over 30s of telemetry_collection_duration_seconds_sum{namespace="telemetry-system",pod!=""} holds fewer than 4 scrapes, which come every 15 s: one that is missed makes it vanish, and nothing scales in meanwhile; write [60s] or more',
  }),
  across(
    'an HPA that scales on the duration of collection',
    (stack) => stack.change(HPA, 'name: telemetry_collection_busy', 'name: telemetry_collection_duration_seconds'),
    {
      check: 'hpa-metric',
      file: 'k8s/autoscaling.yaml',
      at: 'name: telemetry_collection_duration_seconds',
      says: 'HPA network-telemetry-hpa scales on the Pods metric telemetry_collection_duration_seconds, and no rule of prometheus-adapter makes it (the bare name of a histogram); write a rule with name.as: telemetry_collection_duration_seconds; the rules make telemetry_collection_busy',
    },
  ),
  across(
    'an adapter that hands the duration of collection out',
    (stack) =>
      stack.change(
        ADAPTER,
        'sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[2m]))',
        'sum by (<<.GroupBy>>) (rate(telemetry_collection_duration_seconds_sum{<<.LabelMatchers>>}[2m])) / sum by (<<.GroupBy>>) (rate(telemetry_collection_duration_seconds_count{<<.LabelMatchers>>}[2m]))',
      ),
    {
      check: 'hpa-signal',
      file: 'k8s/prometheus-adapter.yaml',
      at: 'metricsQuery: sum by (<<.GroupBy>>) (rate(telemetry_collection_duration_seconds_…',
      says: 'the adapter rule hands out how long one turn takes as telemetry_collection_busy, on which an HPA scales: that does not fall as pods are added, so one slow target takes the replicas to the maximum; write the slots that are taken instead: sum by (<<.GroupBy>>) (rate(…_sum{<<.LabelMatchers>>}[2m])), which more pods share',
    },
  ),
  across(
    'a dashboard that shows the bare name of a histogram',
    (stack) =>
      stack.change(
        'grafana/dashboards/collection.json',
        'telemetry_turn_delay_seconds_bucket',
        'telemetry_turn_delay_seconds',
      ),
    {
      check: 'metric-emitted',
      file: 'grafana/dashboards/collection.json',
      at: '"expr": "histogram_quantile(0.99, sum by (le) (rate(telemetry_turn_delay_seconds…',
      says: 'dashboard "Collection", panel "Turns start late by", uses telemetry_turn_delay_seconds, the bare name of a histogram, which no series has; write telemetry_turn_delay_seconds_bucket, telemetry_turn_delay_seconds_sum or telemetry_turn_delay_seconds_count',
    },
  ),
  across(
    'a rule with the bare name of a histogram',
    (stack) => stack.only({ [USER]: rule('CollectionSlow30', 'telemetry_collection_duration_seconds > 30') }),
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/user.yml',
      at: 'expr: telemetry_collection_duration_seconds > 30',
      says: 'alert CollectionSlow30 uses telemetry_collection_duration_seconds, the bare name of a histogram, which no series has; write telemetry_collection_duration_seconds_bucket, telemetry_collection_duration_seconds_sum or telemetry_collection_duration_seconds_count',
    },
  ),
  across(
    'an alert on a metric of which one has only heard',
    (stack) => stack.only({ [USER]: rule('AutoscalingFails', 'increase(autoscale_failed_attempts_total[5m]) > 0') }),
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/user.yml',
      at: 'expr: increase(autoscale_failed_attempts_total[5m]) > 0',
      says: 'alert AutoscalingFails uses autoscale_failed_attempts_total, which nothing emits; write a metric that is emitted, or name it and its service under services in the stack file',
    },
  ),
  across(
    'an alert on retries, which the library can count and the collector does not',
    (stack) => stack.only({ [USER]: rule('RetriesMany', 'sum(rate(retry_calls_total[5m])) > 10') }),
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/user.yml',
      at: 'expr: sum(rate(retry_calls_total[5m])) > 10',
      says: 'alert RetriesMany uses retry_calls_total, a metric of the library @breakwater/resilience that the collector does not export; leave it out, or name it and the service of yours that exports it under services in the stack file',
    },
  ),
  across(
    'a dashboard that shows retries, which the collector does not count',
    (stack) => stack.change('grafana/dashboards/resilience.json', 'timeout_expired_total{', 'retry_attempts_total{'),
    {
      check: 'metric-emitted',
      file: 'grafana/dashboards/resilience.json',
      at: '"expr": "sum by (policy, stalled) (rate(retry_attempts_total{…',
      says: 'dashboard "Resilience", panel "Timeouts", uses retry_attempts_total, a metric of the library @breakwater/resilience that the collector does not export; leave it out, or name it and the service of yours that exports it under services in the stack file',
    },
  ),
  across(
    'an adapter for waiting retries, which the collector does not count',
    (stack) => stack.changeAll(ADAPTER, 'telemetry_collection_duration_seconds_sum', 'retry_waiting'),
    {
      check: 'adapter-rule',
      file: 'k8s/prometheus-adapter.yaml',
      at: '- seriesQuery: retry_waiting{namespace="telemetry-sy…',
      says: 'seriesQuery of the adapter rule uses retry_waiting, a metric of the library @breakwater/resilience that the collector does not export; leave it out, or name it and the service of yours that exports it under services in the stack file',
    },
    {
      check: 'hpa-metric',
      file: 'k8s/autoscaling.yaml',
      at: 'name: telemetry_collection_busy',
      says: 'HPA network-telemetry-hpa scales on the Pods metric telemetry_collection_busy, and no rule of prometheus-adapter makes it; write a rule with name.as: telemetry_collection_busy; the rules make none',
    },
  ),
  across(
    'an alert with the names of the old exporter of HAProxy',
    (stack) => stack.only({ [USER]: rule('BackendGone', 'haproxy_backend_up{proxy="collectors"} == 0') }),
    {
      check: 'metric-emitted',
      file: 'prometheus/rules/user.yml',
      at: 'expr: haproxy_backend_up{proxy="collectors"} == 0',
      says: 'alert BackendGone uses haproxy_backend_up, which nothing emits; write haproxy_backend_status{state="UP"}',
    },
  ),
  across(
    "the brief's alert on five replicas under load",
    (stack) =>
      stack.only({
        [USER]: rule(
          'ScaleOut',
          'count(container_last_seen{service_name="prodstack_backend"}) == 5 and rate(container_cpu_usage_seconds_total{service_name="prodstack_backend"}[5m]) > 0.7',
        ),
      }),
    {
      check: 'metric-label',
      file: 'prometheus/rules/user.yml',
      at: 'expr: count(container_last_seen{service_name="prodstack_backend"}) == 5 and rate…',
      says: 'alert ScaleOut asks for service_name="prodstack_backend", and container_… (cAdvisor 0.49.2) has no label "service_name"; use one of …id, instance, job',
      times: 2,
    },
    {
      check: 'vector-match',
      file: 'prometheus/rules/user.yml',
      at: 'expr: count(container_last_seen{service_name="prodstack_backend"}) == 5 and rate…',
      says: 'alert ScaleOut can never bring anything: rate(container_cpu_usage_seconds_total{service_name="prodst… has "job", "instance", "cpu", "id" and count(container_last_seen{service_name="prodstack_backend"}… has not; write and on(), or aggregate both sides by the same labels',
    },
  ),
  across(
    "the brief's alert with labels that there are",
    (stack) =>
      stack.only({
        [USER]: rule(
          'ScaleOut',
          'count(container_last_seen{name="backend"}) == 5 and rate(container_cpu_usage_seconds_total{name="backend"}[5m]) > 0.7',
        ),
      }),
    {
      check: 'vector-match',
      file: 'prometheus/rules/user.yml',
      at: 'expr: count(container_last_seen{name="backend"}) == 5 and rate(container_cpu_usa…',
      says: 'alert ScaleOut can never bring anything: rate(container_cpu_usage_seconds_total{name="backend"}[5m])… has "job", "instance", "cpu", "id", "name" and count(container_last_seen{name="backend"}) == 5 has not; write and on(), or aggregate both sides by the same labels',
    },
  ),
  across(
    'the increase of a time',
    (stack) => stack.only({ [USER]: rule('Restarted', 'increase(container_last_seen[1h]) > 0') }),
    {
      check: 'metric-type',
      file: 'prometheus/rules/user.yml',
      at: 'expr: increase(container_last_seen[1h]) > 0',
      says: 'alert Restarted takes increase() of container_last_seen, which is a time and no counter; write time() - container_last_seen for its age, or changes(container_last_seen[1h]) for how often it moved',
    },
  ),
];
