import type { Alert } from './alert.js';
import { type AlertContext, COMPOSE } from './context.js';
import { level, rising } from './course.js';
import { define, series } from './define.js';

const RANGE_S = 300;
/** Containers have a name; the other cgroups that cAdvisor sees have none. */
const NAMED = 'job="cadvisor",name!=""';
const CONTAINER = {
  job: 'cadvisor',
  instance: 'cadvisor:8080',
  id: '/docker/4f1c',
  image: 'influxdb:2.7.12-alpine',
  name: 'telemetry_influxdb-1_1',
} as const;
const LABELS = { name: CONTAINER.name } as const;
const MEMORY = 2 * 1024 ** 3;

/** Containers against their limits, as cAdvisor sees them. */
export function containers(context: AlertContext): Alert[] {
  const range = context.window(RANGE_S);
  const memory = (share: number, limit: number) => ({
    [series('container_memory_working_set_bytes', CONTAINER)]: level(share * MEMORY),
    [series('container_spec_memory_limit_bytes', CONTAINER)]: level(limit),
  });
  return [
    define(context, {
      name: 'ContainerMemoryNearLimit',
      category: 'performance',
      severity: 'warning',
      // A container without a limit has 0 there, or the largest number of pages.
      expr: `max by (name) (container_memory_working_set_bytes{${NAMED}}) / max by (name) (container_spec_memory_limit_bytes{${NAMED}} > 0) > 0.9`,
      forS: 300,
      summary: 'Container {{ $labels.name }} uses {{ $value | humanizePercentage }} of its memory limit',
      description: 'At the limit the kernel kills a process in it.',
      runbook: {
        meaning: 'For five minutes the working set of the container has been above 90 % of its limit.',
        impact: 'At the limit it is killed and started again.',
        look: ['docker stats --no-stream', `${COMPOSE} logs --tail 100 <service>`],
        act: [
          'Raise the limit of that service in the stack file, and run `breakwater generate`.',
          'InfluxDB: fewer series, or shorter queries.',
        ],
      },
      levels: { series: (share) => memory(share, MEMORY), fires: 0.95, silent: 0.5, labels: LABELS, shown: '95%' },
      guards: { 'it has no limit': memory(0.95, 0) },
    }),
    define(context, {
      name: 'ContainerCpuNearLimit',
      category: 'performance',
      severity: 'warning',
      expr: `sum by (name) (rate(container_cpu_usage_seconds_total{${NAMED}}[${range}])) / max by (name) (container_spec_cpu_quota{${NAMED}} / container_spec_cpu_period{${NAMED}}) > 0.9`,
      forS: 900,
      summary: 'Container {{ $labels.name }} uses {{ $value | humanizePercentage }} of its CPU limit',
      description: 'It is throttled: what it does takes longer.',
      runbook: {
        meaning: 'For fifteen minutes the container has used more than 90 % of the CPU that it may have.',
        impact: 'Answers are slow.',
        look: ['docker stats --no-stream'],
        act: ['Raise the limit of that service in the stack file; collectors: add some instead.'],
      },
      levels: {
        series: (share) => ({
          [series('container_cpu_usage_seconds_total', { ...CONTAINER, cpu: 'total' })]: rising(share * 0.5),
          [series('container_spec_cpu_quota', CONTAINER)]: level(50_000),
          [series('container_spec_cpu_period', CONTAINER)]: level(100_000),
        }),
        fires: 0.97,
        silent: 0.5,
        windowS: context.windowS(RANGE_S),
        holds: 'window',
        labels: LABELS,
        shown: '97%',
      },
    }),
    define(context, {
      name: 'ContainerOomKilled',
      category: 'availability',
      severity: 'warning',
      expr: `sum by (name) (increase(container_oom_events_total{${NAMED}}[${context.window(900)}])) > 0`,
      forS: 60,
      summary: 'The kernel killed a process of container {{ $labels.name }} for its memory',
      description: 'It reached its memory limit.',
      runbook: {
        meaning:
          'A process of this container was killed within the last fifteen minutes because the container had no memory left.',
        impact: 'The service was away until it was started again.',
        look: [`${COMPOSE} ps`, 'dmesg | grep -i oom | tail', 'docker stats --no-stream'],
        act: ['As for `ContainerMemoryNearLimit`.'],
      },
      levels: {
        series: (rate) => ({ [series('container_oom_events_total', CONTAINER)]: rising(rate) }),
        fires: 0.005,
        silent: 0,
        windowS: context.windowS(900),
        labels: LABELS,
      },
    }),
    define(context, {
      name: 'ContainerRestarts',
      category: 'availability',
      severity: 'warning',
      expr: `max by (name) (changes(container_start_time_seconds{${NAMED}}[${context.window(900)}])) > 2.5`,
      forS: 120,
      summary: 'Container {{ $labels.name }} was started {{ $value | humanize }} times in a quarter of an hour',
      description: 'It ends again and again.',
      runbook: {
        meaning: 'The container has been started three times or more within fifteen minutes.',
        impact: 'The service is away most of the time.',
        look: [`${COMPOSE} ps; ${COMPOSE} logs --tail 100 <service>`],
        act: [
          'The last lines of its log say why: a setting, a secret that is not in `.env`, a volume without rights, memory.',
        ],
      },
      levels: {
        // So many starts in a quarter of an hour, seen as changes of the time.
        series: (starts) => ({
          [series('container_start_time_seconds', CONTAINER)]: [
            { start: 0, slope: 0, lastsS: context.scrapeS },
            ...Array.from({ length: starts }, (_, index) => ({
              start: 60 * (index + 1),
              slope: 0,
              ...(index === starts - 1 ? {} : { lastsS: context.scrapeS }),
            })),
          ],
        }),
        fires: 3,
        silent: 1,
        windowS: context.windowS(900),
        labels: LABELS,
        shown: '3',
      },
    }),
  ];
}
