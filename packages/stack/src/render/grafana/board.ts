import type { Alert, Category } from '../../alerts/alert.js';
import { alertsOf } from '../../alerts/alerts.js';
import { type AlertContext, alertContext } from '../../alerts/context.js';
import type { Plan } from '../../plan/plan.js';
import { limitsOf, type Step } from './limits.js';
import { ANSWERING, max, orZero } from './query.js';

export interface Query {
  readonly expr: string;
  /** What a series is called: `{{instance}}`; needed where there are several. */
  readonly legend?: string;
}

/** One panel, as far as dashboards differ. */
export interface Panel {
  /** stat: what is now; series: a course; bars: the largest of now; timeline: states; heatmap: buckets; table: a line for each series. */
  readonly kind: 'stat' | 'series' | 'bars' | 'timeline' | 'heatmap' | 'table';
  readonly title: string;
  readonly description: string;
  /** As Grafana calls it: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** The alerts about what it shows. */
  readonly alerts?: readonly string[];
  readonly steps?: readonly Step[];
  readonly stacked?: boolean;
  /** Most of its series are zero most of the time: only the others are shown. */
  readonly rare?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** What numbers are called. */
  readonly states?: readonly State[];
}

export interface State {
  readonly value: number;
  readonly text: string;
  readonly colour: Step['colour'];
}

export interface Row {
  readonly title: string;
  /** Of 24 columns, so a divisor of 24. */
  readonly perLine: number;
  readonly panels: readonly Panel[];
}

export interface Variable {
  readonly name: string;
  /** A series, with matchers, and the label of it that is listed. */
  readonly of: string;
  readonly label: string;
  readonly description: string;
  /** What is chosen at first; else everything that is listed. */
  readonly first?: string;
  /** What of the values is listed, and how it is shown. */
  readonly regex?: string;
  /** All is what is listed, and not whatever there is. */
  readonly listedOnly?: boolean;
}

/** One dashboard. */
export interface Board {
  readonly file: string;
  readonly title: string;
  readonly description: string;
  /** The job that is chosen at first, and a series that each of its instances has. */
  readonly job: string;
  readonly identity: string;
  readonly variables: readonly Variable[];
  /** The series that says when a process was started. */
  readonly started: string;
  /** Of which categories alerts are marked. */
  readonly categories: readonly Category[];
  readonly rows: readonly Row[];
}

/** What dashboards are made from. */
export interface BoardContext {
  readonly plan: Plan;
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly windows: AlertContext;
  /** The limits of alerts as colours; of those that this stack has. */
  readonly limits: (...names: readonly string[]) => Step[];
  /** Those, and the alerts themselves: of a panel that shows what they compare. */
  readonly limitedBy: (...names: readonly string[]) => Pick<Panel, 'steps' | 'alerts'>;
}

export function boardContext(plan: Plan): BoardContext {
  const alerts = new Map(alertsOf(plan).map((alert) => [alert.name, alert]));
  const limits: BoardContext['limits'] = (...names) => limitsOf(names.flatMap((name) => alerts.get(name) ?? []));
  return {
    plan,
    alerts,
    windows: alertContext(plan),
    limits,
    limitedBy: (...names) => ({ steps: limits(...names), alerts: names }),
  };
}

/** Steps by hand: the first colour from below, then each from its value. */
export const steps = (first: Step['colour'], ...others: ReadonlyArray<readonly [number, Step['colour']]>): Step[] => [
  { from: null, colour: first },
  ...others.map(([from, colour]) => ({ from, colour })),
];

/** How many alerts of some categories fire: the first thing that somebody on call looks at. */
export const firing = (categories: readonly Category[]): Panel => ({
  kind: 'stat',
  title: 'Alerts firing',
  description: `Alerts that fire in ${categories.join(', ')}. Those of severity info are not counted.`,
  unit: 'none',
  queries: [
    {
      expr: `count(ALERTS{alertstate="firing",severity=~"critical|warning",category=~"${categories.join('|')}"}) or vector(0)`,
    },
  ],
  steps: steps('green', [1, 'red']),
});

/** The collectors that Prometheus can ask, against those that there are to be. */
export function collectorsUp({ plan }: BoardContext): Panel {
  const { min, max } = plan.stack.collectors;
  return {
    kind: 'stat',
    title: 'Collectors up',
    description: `Collectors that Prometheus can ask. The stack keeps ${min} at least and ${max} at most.`,
    unit: 'none',
    queries: [{ expr: orZero(ANSWERING) }],
    steps: steps('red', [1, 'orange'], [min, 'green'], [max, 'orange']),
    alerts: ['CollectorDown', 'NoCollectorUp', 'CollectorsTooFew', 'CollectorsAtMaximum'],
  };
}

interface Timeline extends Pick<Panel, 'title' | 'description' | 'alerts'> {
  /** A metric that is 1 in the state, and 0 or absent in the others. */
  readonly of: (state: string) => string;
  /** In the order of their numbers. */
  readonly states: ReadonlyArray<readonly [name: string, colour: Step['colour']]>;
  /** What has the states: a line for each. */
  readonly labels: readonly string[];
}

/** A metric that is 1 for one of several states, as a course of states. */
export const timeline = ({ of, states, labels, ...panel }: Timeline): Panel => ({
  ...panel,
  kind: 'timeline',
  unit: 'none',
  queries: [
    {
      expr: states.map(([name], index) => `${index + 1} * ${max(of(name), ...labels)}`).join(' + '),
      legend: labels.map((label) => `{{${label}}}`).join(' '),
    },
  ],
  states: states.map(([text, colour], index) => ({ value: index + 1, text, colour })),
});
