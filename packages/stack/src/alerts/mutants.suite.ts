import { parser } from '@prometheus-io/lezer-promql';
import type { Alert } from './alert.js';

/** A rule that was changed for the worse: its tests ought to notice. */
export interface Mutant {
  readonly kind: 'harder' | 'easier';
  readonly what: string;
  readonly alert: Alert;
}

/** Whether a greater number on the right makes a comparison harder to meet. */
const GREATER_IS_HARDER: Readonly<Record<string, boolean | undefined>> = {
  Gtr: true,
  Gte: true,
  Lss: false,
  Lte: false,
  Eql: true,
};

interface Comparison {
  readonly operator: string;
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** Every comparison of a rule with a threshold; those below an aggregation choose series, as `count(up == 1)` does. */
function comparisonsOf(expr: string): Comparison[] {
  const found: Comparison[] = [];
  parser.parse(expr).iterate({
    enter: ({ node }) => {
      if (node.name === 'AggregateExpr' || node.name === 'FunctionCall') return false;
      if (node.name !== 'BinaryExpr') return true;
      const right = node.lastChild;
      const operator = node.firstChild?.nextSibling?.name;
      if (right?.name !== 'NumberDurationLiteral' || operator === undefined) return true;
      if (GREATER_IS_HARDER[operator] === undefined) return true;
      const { from, to } = right;
      found.push({ operator, value: Number(expr.slice(from, to)), from, to });
      return true;
    },
  });
  return found;
}

/** The rule made harder to meet, and easier, in every way there is. */
export function mutantsOf(alert: Alert): Mutant[] {
  const ofNumbers = comparisonsOf(alert.expr).flatMap(({ operator, value, from, to }) => {
    const put = (kind: Mutant['kind'], to10: number): Mutant[] =>
      to10 === value
        ? []
        : [
            {
              kind,
              what: `${value} became ${to10}`,
              alert: { ...alert, expr: alert.expr.slice(0, from) + String(to10) + alert.expr.slice(to) },
            },
          ];
    const more = value === 0 ? 10 : value * 10;
    const less = value / 10;
    // What equals has no easier form but its time.
    if (operator === 'Eql') return put('harder', more);
    return GREATER_IS_HARDER[operator] === true
      ? [...put('harder', more), ...put('easier', less)]
      : [...put('harder', less), ...put('easier', more)];
  });
  return [
    ...ofNumbers,
    { kind: 'harder', what: 'for became ten times as long', alert: { ...alert, forS: alert.forS * 10 } },
    { kind: 'easier', what: 'for became a tenth', alert: { ...alert, forS: alert.forS / 10 } },
  ];
}
