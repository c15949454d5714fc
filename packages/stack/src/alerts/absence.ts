import type { Alert, Severity } from './alert.js';
import type { Case } from './case.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { type Course, goneAfter, level, rising } from './course.js';
import { COLLECTOR, series } from './define.js';

const FOR_S = 300;

interface Absent {
  readonly name: string;
  readonly severity: Severity;
  /** What must be there. */
  readonly selector: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly series: string;
  readonly course: Course;
  readonly summary: string;
  readonly impact: string;
  readonly act: readonly string[];
}

/** A series that is not there fires no alert: so its absence does. */
export function absence(context: AlertContext): Alert[] {
  const { stack } = context.plan;
  const jobs = [
    ['Collector', 'network-telemetry', 'critical'],
    ['Influxdb', 'influxdb', 'warning'],
    ['Proxy', 'haproxy', 'critical'],
    ['Grafana', 'grafana', 'warning'],
    ['RedisExporter', 'redis', 'warning'],
    ['NodeExporter', 'node', 'warning'],
    ['Cadvisor', 'cadvisor', 'warning'],
    ['Prometheus', 'prometheus', 'warning'],
    ['Alertmanager', 'alertmanager', 'critical'],
    ...stack.services.map(({ name }) => [camel(name), name, 'warning'] as const),
  ] as const;
  return [
    ...jobs.map(([name, job, severity]) => jobAbsent(context, name, job, severity)),
    absent(context, {
      name: 'CollectionMetricsAbsent',
      severity: 'critical',
      selector: `telemetry_probes_total{${COLLECTORS}}`,
      labels: { job: COLLECTOR.job },
      series: series('telemetry_probes_total', { ...COLLECTOR, probe: 'http', outcome: 'up' }),
      course: rising(1),
      summary: 'There are no counts of turns: alerts on collection are blind',
      impact: 'Nobody is told when turns are missed: the alerts on the objective of collection have nothing to go by.',
      act: [
        'Is a collector up (`NoCollectorUp`)? What does its `/metrics` have?',
        'It was renamed in a new version: `breakwater check` names every rule that uses it.',
      ],
    }),
    absent(context, {
      name: 'DeliveryMetricsAbsent',
      severity: 'critical',
      selector: `delivery_lag_seconds{${COLLECTORS}}`,
      labels: { job: COLLECTOR.job },
      series: series('delivery_lag_seconds', { ...COLLECTOR, backend: 'http://influxdb-1:8086', slot: 'slot-0' }),
      course: level(0),
      summary: 'There are no lanes: alerts on delivery are blind',
      impact: 'Nobody is told when points are late or lost.',
      act: [
        'The collectors run without `INFLUX_URLS`: then there is no log and nothing is delivered.',
        'Else as for `CollectionMetricsAbsent`.',
      ],
    }),
  ];
}

const camel = (name: string): string => name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const jobAbsent = (context: AlertContext, name: string, job: string, severity: Severity): Alert =>
  absent(context, {
    name: `${name}Absent`,
    severity,
    selector: `up{job="${job}"}`,
    labels: { job },
    series: series('up', { job, instance: 'somewhere:1' }),
    course: level(1),
    summary: `Prometheus has nothing to scrape as ${job}`,
    impact: `Alerts on metrics of ${job} cannot fire: silence says nothing.`,
    act: [
      job === 'network-telemetry'
        ? 'No collector runs, so DNS names none: start them, and see `NoCollectorUp`.'
        : 'The job is missing in prometheus.yml: `breakwater generate --check`.',
      'Discovery finds nothing: see `http://localhost:9090/service-discovery`.',
    ],
  });

function absent(
  context: AlertContext,
  { name, severity, selector, labels, series: one, course, ...words }: Absent,
): Alert {
  const forS = context.forS(FOR_S);
  const { scrapeS } = context;
  const other = { [series('up', { job: 'something-else', instance: 'a:1' })]: level(1) };
  const stepS = Math.max(scrapeS, forS / 5);
  const firesAtS = forS + 4 * stepS;
  const there = { [one]: course };
  const vanishes = { [one]: goneAfter(course, 2 * stepS) };
  const at = (verdict: Case['verdict'], when: string, series: Case['series'], atS: number): Case => ({
    verdict,
    when,
    series,
    atS,
    stepS,
    expected: verdict === 'fires' || verdict === 'missing' ? [{ labels }] : [],
  });
  return {
    name,
    category: 'absence',
    severity,
    expr: `absent(${selector})`,
    forS,
    summary: words.summary,
    description: words.impact,
    runbook: {
      meaning: `For ${forS / 60} minutes there has been no series \`${selector}\`.`,
      impact: words.impact,
      look: [
        "curl -s http://localhost:9090/api/v1/targets | jq '.data.activeTargets[] | {job: .labels.job, health, lastError}'",
        `${COMPOSE} ps`,
      ],
      act: words.act,
    },
    cases: [
      at('fires', 'the series was there and vanished', vanishes, firesAtS),
      at('pending', 'it vanished a moment ago', vanishes, Math.ceil((2 * stepS + forS / 2) / stepS) * stepS),
      at('silent', 'it is there', there, firesAtS),
      at('missing', 'it was never there', other, forS + 2 * stepS),
    ],
  };
}
