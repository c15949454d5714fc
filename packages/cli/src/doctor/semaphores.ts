import { count } from '../print/units.js';
import type { Samples } from './samples.js';
import { some, words } from './some.js';
import { ok, type Verdict, warning } from './verdict.js';

/** Waiting while every permit is out is what a semaphore is for; that it goes on is a matter of load. */
export function judgeSemaphores(what: string, page: Samples): Verdict {
  const all = page.values('semaphore_permits', 'policy').map((policy) => ({
    name: words(policy),
    used: page.sum('semaphore_permits_in_use', { policy }),
    permits: page.sum('semaphore_permits', { policy }),
    queued: page.sum('semaphore_queued', { policy }),
  }));
  const full = all.filter(({ queued }) => queued > 0);
  const tell = ({ name, used, permits, queued }: (typeof all)[number]) =>
    `${name}: ${count(used)} of ${count(permits)} out, ${count(queued)} waiting`;
  if (full.length === 0) return ok(what, `nobody waits for a permit of ${some(all.map(({ name }) => name))}`);
  return warning(
    what,
    some(full.map(tell)),
    'add collectors, or raise MAX_CONCURRENT_TARGETS; slow targets take slots',
  );
}
