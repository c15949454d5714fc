import type { Mistake } from './expression.js';
import { ANY_LABELS, type LabelSet, NO_LABELS } from './label-set.js';
import type { Kind } from './series.js';

/** What is known of what an expression evaluates to. */
export interface Shape {
  readonly labels: LabelSet;
  readonly kind: Kind;
}

export const UNKNOWN: Shape = { labels: ANY_LABELS, kind: 'unknown' };
export const PLAIN: Shape = { labels: NO_LABELS, kind: 'gauge' };

export type ProblemCode = 'metric' | 'scrape' | 'label' | 'type' | 'matching';

/** Something in an expression that cannot do what it was written for. */
export interface Problem extends Mistake {
  readonly code: ProblemCode;
  /** A warning where it may be meant, or where more may exist than was seen. */
  readonly severity: 'error' | 'warning';
}
