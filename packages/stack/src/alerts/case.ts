import type { AlertContext } from './context.js';
import { type Course, goneAfter } from './course.js';

export type Verdict = 'fires' | 'pending' | 'silent' | 'missing';

/** An alert that is firing. */
export interface Expected {
  /** Labels of its series: those that the alert adds are not listed. */
  readonly labels: Readonly<Record<string, string>>;
  /** What `{{ $value | … }}` becomes. */
  readonly shown?: string | undefined;
}

/** What an alert must do with given series. */
export interface Case {
  readonly verdict: Verdict;
  readonly when: string;
  readonly series: Readonly<Record<string, Course>>;
  /** The instant at which it is looked at. */
  readonly atS: number;
  /** Between two samples; undefined: the scrape interval. */
  readonly stepS?: number | undefined;
  readonly expected: readonly Expected[];
}

export interface Levels {
  readonly forS: number;
  readonly keepFiringForS?: number | undefined;
  /** What the series look like when the value that is compared is at a level. */
  readonly series: (level: number) => Readonly<Record<string, Course>>;
  /** A level beyond the threshold, and one on the near side of it. */
  readonly fires: number;
  readonly silent: number;
  /** The range of the expression's rates; undefined: it has none. */
  readonly windowS?: number | undefined;
  /** When the condition first holds: `window` for a rate against a number, which grows until its range is full. */
  readonly holds?: 'window' | 'first' | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly shown?: string | undefined;
}

/** The four cases that every alert with a threshold has. */
export function levelCases({ scrapeS }: AlertContext, levels: Levels): Case[] {
  const { forS, keepFiringForS = 0, series, windowS = 0, labels = {}, shown } = levels;
  const stepS = stepOf(scrapeS, forS, windowS);
  const leadS = levels.holds === 'window' ? windowS : windowS === 0 ? 0 : stepS;
  const firesAtS = onGrid(leadS + forS, stepS) + 2 * stepS;
  const vanishes = leadS + 2 * stepS;
  const bad = series(levels.fires);
  const vanishing = Object.entries(bad).map(([name, course]) => [name, goneAfter(course, vanishes)] as const);
  const cases: Case[] = [
    { verdict: 'fires', when: `at ${levels.fires}`, series: bad, atS: firesAtS, expected: [{ labels, shown }] },
    {
      verdict: 'pending',
      when: `at ${levels.fires}, for half of its time`,
      series: bad,
      atS: onGrid(leadS + forS / 2, stepS),
      expected: [],
    },
    { verdict: 'silent', when: `at ${levels.silent}`, series: series(levels.silent), atS: firesAtS, expected: [] },
    {
      verdict: 'missing',
      when: 'its series vanish',
      series: Object.fromEntries(vanishing),
      atS: onGrid(vanishes + Math.max(windowS, forS) + keepFiringForS, stepS) + 2 * stepS,
      expected: [],
    },
  ];
  return cases.map((one) => ({ ...one, stepS }));
}

/** The coarsest of a few steps that a `for` and a window can bear: every step costs an evaluation of every rule. */
function stepOf(scrapeS: number, forS: number, windowS: number): number {
  const most = Math.min(forS, windowS === 0 ? forS : windowS) / 4;
  return [20 * scrapeS, 4 * scrapeS].find((step) => step <= most) ?? scrapeS;
}

/** A further guard of the expression: the series are as when it fires, but for one thing. */
export function silentCase(context: AlertContext, levels: Levels, when: string, series: Case['series']): Case {
  const [fires] = levelCases(context, levels);
  return { ...fires!, verdict: 'silent', when, series, expected: [] };
}

/** Rules are evaluated once a scrape interval. */
const onGrid = (seconds: number, stepS: number): number => Math.ceil(seconds / stepS) * stepS;
