import { count, many } from '../print/units.js';
import type { Samples } from './samples.js';
import { some, words } from './some.js';
import { ok, type Verdict, warning } from './verdict.js';

const STATES = ['open', 'half-open', 'isolated'] as const;

/** Breakers by name; those of the targets are one, with a count of its circuits: `/targets` names them. */
export function judgeBreakers(what: string, page: Samples): Verdict {
  const rejected = page.sum('circuit_breaker_rejections_total');
  const told = `${many(rejected, 'call')} rejected since the start`;
  const single = STATES.flatMap((state) =>
    page
      .of('circuit_breaker_state', { state })
      .filter(({ value }) => value === 1)
      .map(({ labels }) => `${words(labels.get('policy') ?? '')} is ${state}`),
  );
  const keyed = STATES.flatMap((state) =>
    page
      .of('circuit_breaker_keys', { state })
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => `${count(value)} of ${words(labels.get('policy') ?? '')} ${state}`),
  );
  const notClosed = [...single, ...keyed];
  if (notClosed.length === 0) return ok(what, `all closed; ${told}`);
  return warning(what, `${some(notClosed)}; ${told}`, 'what it calls fails: mend that, and it closes by itself');
}
