import { showDuration } from '../file/units.js';
import type { Plan } from '../plan/plan.js';

/** What definitions of alerts are made from. */
export interface AlertContext {
  readonly plan: Plan;
  readonly scrapeS: number;
  /** The range of a rate, in seconds: four scrapes at least, so that one that failed does not matter. */
  readonly windowS: (seconds: number) => number;
  /** The same as PromQL writes it. */
  readonly window: (seconds: number) => string;
  /** A `for`: two scrapes at least. */
  readonly forS: (seconds: number) => number;
}

export function alertContext(plan: Plan): AlertContext {
  const scrapeS = plan.stack.monitoring.prometheus.scrapeInterval;
  const windowS = (seconds: number) => Math.max(seconds, 4 * scrapeS);
  return {
    plan,
    scrapeS,
    windowS,
    window: (seconds) => showDuration(windowS(seconds)),
    forS: (seconds) => Math.max(seconds, 2 * scrapeS),
  };
}

/** The selector of a collector's series: `{job="network-telemetry"}`. */
export const COLLECTORS = 'job="network-telemetry"';

/** Commands of the runbook begin so. */
export const COMPOSE = 'docker-compose -f docker-compose.ha.yml';
