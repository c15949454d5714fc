import type { Case } from './case.js';

/** In the order in which the rule file and the runbook list them. */
export const CATEGORIES = [
  'performance',
  'scaling',
  'availability',
  'database',
  'delivery',
  'collection',
  'fleet',
  'absence',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** critical: somebody is woken; warning: seen to on the next working day; info: good to know. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What whoever is woken by an alert reads first. */
export interface RunbookEntry {
  /** What is the case when it fires. */
  readonly meaning: string;
  /** What users notice, and what happens when nothing is done. */
  readonly impact: string;
  /** Commands that show what is wrong, in the order to run them. */
  readonly look: readonly string[];
  readonly act: readonly string[];
}

/** One alert: its rule, its page in the runbook, and the cases that prove the rule. */
export interface Alert {
  readonly name: string;
  readonly category: Category;
  readonly severity: Severity;
  /** What it is about where several alerts are: a critical one then silences the others. */
  readonly subject?: string;
  /** Labels of the alert beside those of its series. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly expr: string;
  readonly forS: number;
  /** For how long it goes on firing after the condition has passed: spares a page at each turn of something that flaps. */
  readonly keepFiringForS?: number;
  /** Templates of Prometheus; of values only `{{ $labels.x }}` and `{{ $value | f }}`. */
  readonly summary: string;
  readonly description: string;
  readonly runbook: RunbookEntry;
  readonly cases: readonly Case[];
}

/** A series that Prometheus works out at every evaluation, so that alerts need not. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** The labels that an alert adds to those of its series. */
export function labelsOf({ severity, category, subject, labels }: Alert): Readonly<Record<string, string>> {
  return { severity, category, ...(subject === undefined ? {} : { subject }), ...labels };
}
