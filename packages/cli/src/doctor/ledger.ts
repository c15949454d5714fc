import { count, many } from '../print/units.js';
import type { Samples } from './samples.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict } from './verdict.js';

const ENDS = ['released', 'quarantined', 'expired', 'handed_over', 'damaged'] as const;

/** Every point that was carried over or accepted is in exactly one place, at every instant; and so is every one that was offered. */
export function judgeLedger(what: string, page: Samples): Verdict {
  const accounts = page.of('delivery_accepted_points_total').map(({ labels, value }) => {
    const of = { backend: labels.get('backend') ?? '', slot: labels.get('slot') ?? '' };
    const found =
      page.sum('delivery_pending_points', of) +
      page.sum('delivery_held_points', of) +
      ENDS.reduce((sum, end) => sum + page.sum(`delivery_${end}_points_total`, of), 0);
    const accepted = page.sum('delivery_carried_points', of) + value;
    return { name: `${words(of.backend)} in ${words(of.slot)}`, accepted, found };
  });
  const offered = {
    name: 'offered',
    accepted: page.sum('delivery_offered_points_total'),
    found:
      page.sum('delivery_intake_accepted_points_total') +
      page.sum('delivery_refused_points_total') +
      page.sum('delivery_entering_points'),
  };
  const wrong = [offered, ...accounts].filter(({ accepted, found }) => accepted !== found);
  if (wrong.length === 0) {
    const points = accounts.reduce((sum, { accepted }) => sum + accepted, 0);
    return ok(what, `adds up: ${many(accounts.length, 'account')}, ${many(points, 'point')}`);
  }
  const tell = ({ name, accepted, found }: (typeof wrong)[number]) =>
    `${name}: ${count(accepted)} points, of which ${count(found)} are accounted for`;
  return unhealthy(
    what,
    some(wrong.map(tell)),
    'breakwater spool verify reads the log itself; keep a copy of SPOOL_DIR',
  );
}
