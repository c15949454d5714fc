import { count } from '../print/units.js';
import type { Samples } from './samples.js';
import { some, words } from './some.js';
import { ok, type Verdict, warning } from './verdict.js';

/** A pool in which requests wait has no socket left for them. */
export function judgePools(what: string, page: Samples): Verdict {
  const pools = page.values('connection_pool_connections_max', 'policy').map((policy) => ({
    name: words(policy),
    busy: page.sum('connection_pool_connections', { policy, state: 'busy' }),
    max: page.sum('connection_pool_connections_max', { policy }),
    queued: page.sum('connection_pool_queued', { policy }),
    refused:
      page.sum('connection_pool_rejections_total', { policy, reason: 'queue-full' }) +
      page.sum('connection_pool_rejections_total', { policy, reason: 'queue-timeout' }),
  }));
  const tell = ({ name, busy, max, queued, refused }: (typeof pools)[number]) =>
    `${name}: ${count(busy)} of ${count(max)} busy, ${count(queued)} queued, ${count(refused)} refused since the start`;
  const full = pools.filter(({ queued }) => queued > 0);
  if (full.length === 0) return ok(what, some(pools.map(tell)) || 'there are none');
  return warning(what, some(full.map(tell)), 'raise MAX_CONNECTIONS or MAX_CONNECTIONS_PER_HOST, or add collectors');
}
