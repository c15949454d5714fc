import { Context } from './context.js';
import type { Expression } from './expression.js';
import { inferAggregation } from './infer-aggregation.js';
import { inferBinary } from './infer-binary.js';
import { inferCall } from './infer-call.js';
import { inferSelector } from './infer-selector.js';
import type { SeriesIndex } from './series.js';
import { PLAIN, type Problem, type Shape } from './shape.js';

export interface Inferred {
  readonly shape: Shape;
  /** In the order in which they stand. */
  readonly problems: readonly Problem[];
}

/** Works out the labels and the kind of what an expression brings, and what in it cannot do what it was written for. */
export function infer(expression: Expression, text: string, index: SeriesIndex): Inferred {
  const context = new Context(text, index);
  const shape = inferWith(expression, context);
  return { shape, problems: context.problems.toSorted((a, b) => a.from - b.from) };
}

function inferWith(expression: Expression, context: Context): Shape {
  const inside = (inner: Expression) => inferWith(inner, context);
  switch (expression.is) {
    case 'selector':
      return inferSelector(expression, context);
    case 'subquery':
    case 'negation':
      return inside(expression.inner);
    case 'call':
      return inferCall(expression, context, inside);
    case 'aggregation':
      if (expression.parameter !== undefined) inside(expression.parameter);
      return inferAggregation(expression, inside(expression.inner), context);
    case 'binary':
      return inferBinary(expression, inside(expression.left), inside(expression.right), context);
    default:
      return PLAIN;
  }
}
