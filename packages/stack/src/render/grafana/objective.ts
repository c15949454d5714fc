import { BURNS, burnFactor } from '../../alerts/objectives.js';
import { type BoardContext, type Panel, steps } from './board.js';

export interface Objective {
  readonly percent: number;
  /** Seconds. */
  readonly period: number;
  /** The series of its error ratio, without its window at the end. */
  readonly ratio: string;
  /** Begins the names of its alerts. */
  readonly name: string;
  /** What is shown for each: `{{backend}}`; none: there is one. */
  readonly each?: string;
  /** Which of them: a matcher. */
  readonly matchers?: string;
}

const series = ({ ratio, matchers }: Objective, window: string): string =>
  `${ratio}${window}${matchers === undefined ? '' : `{${matchers}}`}`;

const alertsOf = ({ name }: Objective, context: BoardContext): string[] =>
  [...context.alerts.keys()].filter((alert) => alert.startsWith(`${name}BudgetBurns`));

/** How good the last hour was: green while the objective holds, red where the fastest burn wakes somebody. */
export function objectivePanel(context: BoardContext, objective: Objective, what: string): Panel {
  const [fastest] = BURNS;
  const allowed = 1 - objective.percent / 100;
  const window = context.windows.window(fastest.longS);
  const worst = 1 - allowed * burnFactor(fastest, objective.period);
  return {
    kind: 'stat',
    title: 'Objective, last hour',
    description: `${what}. The objective is ${objective.percent} %.`,
    unit: 'percentunit',
    decimals: 2,
    queries: [
      {
        expr: `1 - ${objective.each === undefined ? '' : 'max('}${series(objective, window)}${objective.each === undefined ? '' : ')'}`,
      },
    ],
    steps: steps('red', [Number(worst.toPrecision(6)), 'orange'], [objective.percent / 100, 'green']),
    alerts: alertsOf(objective, context),
  };
}

/** How many times faster than the budget allows, for each window; the lines are where the alerts are. */
export function burnPanel(context: BoardContext, objective: Objective): Panel {
  const allowed = Number((1 - objective.percent / 100).toPrecision(6));
  const colours = { critical: 'red', warning: 'orange' } as const;
  const limits = BURNS.map(
    (burn) => [Number(burnFactor(burn, objective.period).toPrecision(6)), colours[burn.severity]] as const,
  );
  return {
    kind: 'series',
    title: 'Error budget burnt',
    description:
      'How many times faster than the objective allows the error budget is used up, over each window; at 1 it is gone when the period is. An alert needs the long window and a short one.',
    unit: 'none',
    decimals: 2,
    queries: BURNS.map(({ longS }) => {
      const window = context.windows.window(longS);
      return {
        expr: `${series(objective, window)} / ${allowed}`,
        legend: [objective.each, window].filter(Boolean).join(' '),
      };
    }),
    steps: steps('green', ...limits.sort(([a], [b]) => a - b)),
    alerts: alertsOf(objective, context),
  };
}
