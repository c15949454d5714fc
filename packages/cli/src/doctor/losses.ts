import { many } from '../print/units.js';
import type { Samples } from './samples.js';
import { some } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

/** Of what was lost before the collector started `spool ls` tells. */
const LOSSES: ReadonlyArray<readonly [metric: string, words: string]> = [
  ['delivery_expired_points_total', 'expired since the start'],
  ['delivery_damaged_points_total', 'damaged since the start'],
  ['delivery_quarantined_points_total', 'quarantined since the start'],
  ['delivery_orphaned_points', 'owed to a backend that is not configured any more'],
];

export function judgeLosses(what: string, page: Samples): Verdict {
  const closed = page.of('delivery_intake_open').some(({ value }) => value === 0);
  if (closed) {
    return unhealthy(what, 'the log takes nothing more', 'every lane is full, or the disk: mend a backend or add room');
  }
  const lost = LOSSES.flatMap(([metric, words]) => {
    const points = page.sum(metric);
    return points > 0 ? [`${many(points, 'point')} ${words}`] : [];
  });
  const lines = page.sum('telemetry_lines_lost_total');
  const told = lines > 0 ? [...lost, `${many(lines, 'line')} that reached no log`] : lost;
  if (told.length === 0) return ok(what, 'nothing expired, damaged, quarantined or lost since the start');
  return warning(what, some(told), 'breakwater spool ls and spool cat --quarantined show them: docs/delivery.md');
}
