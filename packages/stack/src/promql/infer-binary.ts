import { valueType } from './arguments.js';
import type { Context } from './context.js';
import { type Binary, COMPARISONS, type Expression, SET_OPERATORS } from './expression.js';
import { inferMatching } from './infer-matching.js';
import type { Kind } from './series.js';
import { PLAIN, type Shape } from './shape.js';

/** What an operator makes of its operands. */
export function inferBinary(binary: Binary, left: Shape, right: Shape, context: Context): Shape {
  const scalars = [valueType(binary.left) === 'scalar', valueType(binary.right) === 'scalar'] as const;
  if (scalars[0] && scalars[1]) return PLAIN;
  const comparison = COMPARISONS.has(binary.operator);
  if (scalars[0] || scalars[1]) {
    const [vector, shape, scalar] = scalars[0] ? [binary.right, right, binary.left] : [binary.left, left, binary.right];
    if (comparison) expectNoTotal(binary, vector, shape.kind, scalar, context);
    if (comparison && !binary.bool) return shape;
    return {
      labels: shape.labels,
      kind: comparison ? 'gauge' : arithmeticKind(left.kind, right.kind),
    };
  }
  const labels = inferMatching(binary, left.labels, right.labels, context);
  return { labels, kind: kindOfBoth(binary, left.kind, right.kind) };
}

function kindOfBoth({ operator, bool }: Binary, left: Kind, right: Kind): Kind {
  if (operator === 'or') return left === right ? left : 'unknown';
  if (SET_OPERATORS.has(operator)) return left;
  if (COMPARISONS.has(operator)) return bool ? 'gauge' : left;
  // What counters differ by is a level.
  if (operator === '-' && (left === 'counter' || right === 'counter')) return 'gauge';
  return arithmeticKind(left, right);
}

/** What is left of a time is a level; else what is no level on one side makes the whole none. */
function arithmeticKind(left: Kind, right: Kind): Kind {
  if (left === 'unknown' || right === 'unknown') return 'unknown';
  const both = [left, right];
  if (both.includes('timestamp')) return 'gauge';
  for (const kind of ['buckets', 'bucket-rates', 'quantile', 'counter', 'rate'] as const) {
    if (both.includes(kind)) return kind;
  }
  return 'gauge';
}

/** `x == 0` says that something never happened; any other number is passed for good, sooner or later. */
function expectNoTotal(binary: Binary, vector: Expression, kind: Kind, scalar: Expression, context: Context): void {
  if (kind !== 'counter' && kind !== 'buckets') return;
  if (binary.operator === '==' && scalar.is === 'number' && scalar.value === 0) return;
  const shown = context.show(vector);
  const message = `compares ${shown} with ${context.show(scalar)}: that is a counter, which only grows until its process restarts`;
  const fix =
    vector.is === 'selector'
      ? `compare rate(${shown}[5m]) or increase(${shown}[5m])`
      : 'compare its rate() or increase()';
  context.report('type', binary, message, fix);
}
