import { closest } from '../source/closest.js';
import type { Span } from './expression.js';
import type { LabelSet } from './label-set.js';
import type { SeriesIndex } from './series.js';
import type { Problem, ProblemCode } from './shape.js';

/** Stands for a name that is put in only when the query runs. */
export const VARIABLE = '__variable__';

const SHOWN = 60;
/** A longer list of labels is cut to those that are always there. */
const MAX_LISTED = 12;

/** What is read while an expression is worked out, and where problems go. */
export class Context {
  readonly problems: Problem[] = [];
  readonly index: SeriesIndex;
  readonly #text: string;

  constructor(text: string, index: SeriesIndex) {
    this.#text = text;
    this.index = index;
  }

  /** An expression as it is written, cut where it is long. */
  show({ from, to }: Span): string {
    const text = this.#text.slice(from, to).replace(/\s+/g, ' ');
    return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
  }

  report(code: ProblemCode, { from, to }: Span, message: string, fix: string, severity?: 'warning'): void {
    this.problems.push({ code, from, to, message, fix, severity: severity ?? 'error' });
  }

  /** Whether a label that is used can be there; reports it where it certainly is not: a warning where that does no harm. */
  expectLabel(label: string, labels: LabelSet, at: Span, message: string, severity?: 'warning'): boolean {
    if (label === VARIABLE || label === '__name__' || labels.of(label).presence !== 'never') return true;
    this.report('label', at, message, severity === undefined ? suggestLabel(label, labels) : 'leave it out', severity);
    return false;
  }
}

/** What to write instead of a label that is not there. */
export function suggestLabel(label: string, labels: LabelSet): string {
  const there = labels.possible;
  if (there.length === 0) return 'leave it out: there are no labels left here';
  const near = closest(label, there);
  const list = (there.length > MAX_LISTED && labels.certain.length > 0 ? labels.certain : there).toSorted().join(', ');
  return near === undefined ? `use one of ${list}` : `did you mean "${near}"? There are ${list}`;
}
