import type { Alert, Severity } from '../../alerts/alert.js';
import { COMPARISONS, type Expression, SET_OPERATORS } from '../../promql/expression.js';
import { parsePromql } from '../../promql/parse.js';

export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue';

/** From which value on a panel has which colour; the first step has none and counts from below. */
export interface Step {
  readonly from: number | null;
  readonly colour: Colour;
}

const COLOURS: Readonly<Record<Severity, Colour>> = { critical: 'red', warning: 'orange', info: 'blue' };

/** Less than any value that somebody cares for. */
const ANYTHING = 1e-9;

interface Limit {
  readonly value: number;
  readonly above: boolean;
  readonly colour: Colour;
}

/** The colours that alerts give to the value that they compare: a panel turns red where somebody is woken. */
export function limitsOf(alerts: readonly Alert[]): Step[] {
  const limits = alerts.map(limitOf);
  if (limits.length === 0) return [{ from: null, colour: 'green' }];
  const above = limits[0]!.above;
  if (limits.some((limit) => limit.above !== above)) {
    throw new Error(
      `${alerts.map(({ name }) => name).join(' and ')} point in different directions: no panel can show both`,
    );
  }
  const sorted = [...limits].sort((a, b) => a.value - b.value);
  const colours = sorted.map(({ colour }) => colour);
  // Above: green up to the first limit. Below: what is worst comes first, and green from the last limit on.
  const row: Colour[] = above ? ['green', ...colours] : [...colours, 'green'];
  return row.map((colour, index) => ({ from: index === 0 ? null : sorted[index - 1]!.value, colour }));
}

function limitOf({ name, expr, severity }: Alert): Limit {
  const parsed = parsePromql(expr);
  const found = 'mistake' in parsed ? undefined : comparisonOf(parsed.expression);
  if (found === undefined) throw new Error(`the rule of ${name} compares nothing with a number: ${expr}`);
  const { operator, value } = found;
  const colour = COLOURS[severity];
  // What is either 0 or 1 has its limit at 1. Grafana colours from a value on: more than nothing is the least that there is.
  if (value === 0) return { value: operator === '>' ? ANYTHING : 1, above: operator === '>', colour };
  return { value, above: operator === '==' || operator.startsWith('>'), colour };
}

/** The first comparison of the whole with a number: further conditions come behind `and`. */
function comparisonOf(expression: Expression): { operator: string; value: number } | undefined {
  if (expression.is !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (SET_OPERATORS.has(operator)) return comparisonOf(left);
  if (!COMPARISONS.has(operator)) return undefined;
  return right.is === 'number' ? { operator, value: right.value } : undefined;
}
