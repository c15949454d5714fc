import type { Alert } from './alert.js';
import { type AlertContext, COLLECTORS, COMPOSE } from './context.js';
import { type Course, level, rising } from './course.js';
import { collectorsUp, define } from './define.js';

const RANGE_S = 300;
/** An autoscaler leaves a load alone that is within a tenth of its aim. */
const TOLERANCE = 1.1;

const up = `up{${COLLECTORS}} == 1`;

/** So many collectors that are up, each at so much CPU. */
const loaded = (count: number, cores: number): Record<string, Course> =>
  Object.fromEntries(
    collectorsUp(count).flatMap((name) => [
      [name, level(1)],
      [name.replace('up{', 'process_cpu_seconds_total{'), rising(cores)],
    ]),
  );

/** The replica count against its bounds and the slots of the proxy. */
export function replicas(context: AlertContext): Alert[] {
  const { stack, collectors } = context.plan;
  const { min, max, resources, scaling } = stack.collectors;
  const busy = Number(((scaling.cpu / 100) * TOLERANCE).toPrecision(3));
  const countUp = (count: number) => Object.fromEntries(collectorsUp(count).map((name) => [name, level(1)]));
  const request = resources.requests.cpu;
  const atMinimum = define(context, {
    name: 'CollectorsAtMinimumUnderLoad',
    category: 'scaling',
    severity: 'warning',
    expr: `avg(rate(process_cpu_seconds_total{${COLLECTORS}}[${context.window(RANGE_S)}])) / ${request} > ${busy} and on () count(${up}) <= ${min}`,
    forS: 600,
    summary:
      'Collectors use {{ $value | humanizePercentage }} of their CPU request, and there are only as many as must be',
    description: `The minimum is ${min}. An autoscaler that aims at ${scaling.cpu} % would have added some by now.`,
    runbook: {
      meaning: `For ten minutes the collectors have used more than ${Math.round(busy * 100)} % of their CPU request on average, and not more than ${min} run, which is \`collectors.min\`: nothing scales out.`,
      impact: 'Turns begin late, later on they are missed.',
      look: [
        'kubectl describe hpa network-telemetry-hpa -n telemetry-system',
        "curl -s http://localhost:8080/fleet | jq '.members[] | {id, load}'",
      ],
      act: [
        `Compose scales nothing by itself: \`${COMPOSE} up -d --scale network-telemetry-1=2\`.`,
        'Kubernetes: the conditions of the HPA say why it stands still, mostly metrics that it cannot get.',
        'If the load is here to stay, raise `collectors.min`.',
      ],
    },
    levels: {
      series: (share) => loaded(min, share * request),
      fires: 1,
      silent: 0.5,
      windowS: context.windowS(RANGE_S),
      holds: 'window',
      labels: {},
      shown: '100%',
    },
    guards: { 'one more runs than must': loaded(min + 1, request) },
  });
  const slots = define(context, {
    name: 'ProxySlotsUsedUp',
    category: 'scaling',
    severity: 'warning',
    expr: `count(${up}) / ${collectors.slots} > ${Number(((collectors.slots - 0.5) / collectors.slots).toPrecision(4))}`,
    forS: 900,
    summary: 'As many collectors run as HAProxy has slots for',
    description: `There are ${collectors.slots} slots: collectors.max and ${collectors.surge} for a rolling update. The next collector gets no requests.`,
    runbook: {
      meaning: `${collectors.slots} collectors are up, and HAProxy has ${collectors.slots} slots for them.`,
      impact:
        'A further collector polls its targets, but gets no writes and no requests, and has no say in who has caught up.',
      look: ["curl -s 'http://localhost:8404/stats;csv' | grep ^collectors,", 'kubectl get hpa -n telemetry-system'],
      act: [
        'More collectors than `collectors.max` were started by hand: stop some.',
        'They are needed: raise `collectors.max`, run `breakwater generate`, and reload HAProxy; slots, bounds and alerts follow.',
      ],
    },
    levels: {
      series: countUp,
      fires: collectors.slots,
      silent: collectors.slots - 1,
      labels: {},
    },
  });
  return max === min ? [atMinimum, slots] : [atMinimum, atMaximum(context, countUp), slots];
}

/** Where minimum and maximum are one, being at it says nothing. */
function atMaximum(context: AlertContext, countUp: (count: number) => Record<string, Course>): Alert {
  const { max } = context.plan.stack.collectors;
  return define(context, {
    name: 'CollectorsAtMaximum',
    category: 'scaling',
    severity: 'warning',
    expr: `count(${up}) >= ${max}`,
    forS: 900,
    summary: 'All of the {{ $value | humanize }} collectors that are allowed run',
    description: `collectors.max is ${max}: what comes on top of this load is not scaled for.`,
    runbook: {
      meaning: `For fifteen minutes ${max} collectors have been up, which is \`collectors.max\`.`,
      impact: 'None yet. When the load grows on, turns begin late and are missed.',
      look: [
        'kubectl describe hpa network-telemetry-hpa -n telemetry-system',
        "curl -s http://localhost:8080/fleet | jq '.members[] | {id, load}'",
      ],
      act: [
        'See what asked for so many: the HPA names the metric. A backend that is away raises no load; slow targets do.',
        'The load is real: raise `collectors.max`; slots of the proxy, HPA and this alert follow from it.',
      ],
    },
    levels: { series: countUp, fires: max, silent: max - 1, labels: {}, shown: String(max) },
  });
}
