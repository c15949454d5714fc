import type { Alert } from './alert.js';
import { type Case, type Levels, levelCases, silentCase } from './case.js';
import type { AlertContext } from './context.js';
import { rising } from './course.js';

export interface Definition extends Omit<Alert, 'cases'> {
  readonly levels: Omit<Levels, 'forS' | 'keepFiringForS'>;
  /** When it must not fire although the value is beyond the threshold. */
  readonly guards?: Readonly<Record<string, Case['series']>>;
  readonly further?: readonly Case[];
}

/** An alert that compares a level with a threshold, with the cases that follow. */
export function define(context: AlertContext, { levels, guards = {}, further = [], ...alert }: Definition): Alert {
  const forS = context.forS(alert.forS);
  const all = { ...levels, forS, keepFiringForS: alert.keepFiringForS };
  const guarded = Object.entries(guards).map(([when, series]) => silentCase(context, all, when, series));
  return { ...alert, forS, cases: [...levelCases(context, all), ...guarded, ...further] };
}

/** A collector as the cases call it. */
export const COLLECTOR = { job: 'network-telemetry', instance: 'network-telemetry-1/10.0.0.11:8080' } as const;

/** `name{a="1",b="2"}` */
export function series(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(',')}}`;
}

/** The `up` of so many collectors. */
export const collectorsUp = (count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    series('up', { job: COLLECTOR.job, instance: `network-telemetry-${index + 1}/10.0.0.${index + 11}:8080` }),
  );

/** The buckets of a histogram, by how many observations a second lie at or below each bound. */
export const bucketsAt = (
  name: string,
  labels: Readonly<Record<string, string>>,
  perSecond: ReadonlyArray<readonly [le: string, rate: number]>,
) => Object.fromEntries(perSecond.map(([le, rate]) => [series(`${name}_bucket`, { ...labels, le }), rising(rate)]));
