import type { Pair } from './compare.js';
import { countAll, sameCounts, totalOf } from './counts.js';
import { type Difference, differenceOf } from './difference.js';
import type { TimeRange } from './influxql.js';
import { readPoints } from './points.js';
import { halves } from './windows.js';

/** Values of both sides that are read into memory at once. */
const VALUES_AT_ONCE = 100_000;

/** Reads what differs within a range, in pieces small enough for memory. */
export async function* differences(pair: Pair, range: TimeRange, countsOnly: boolean): AsyncGenerator<Difference> {
  const { from, to, measurement, fields } = pair;
  const sides = [from, to];
  const [ours, theirs] = await Promise.all(sides.map((server) => countAll(server, measurement, fields, range)));
  if (totalOf(ours!) + totalOf(theirs!) === 0 || (countsOnly && sameCounts(ours!, theirs!))) return;
  const parts = totalOf(ours!) + totalOf(theirs!) > VALUES_AT_ONCE ? halves(range) : undefined;
  if (parts !== undefined) {
    for (const part of parts) yield* differences(pair, part, countsOnly);
    return;
  }
  const [mine, other] = sides.map((server) => readPoints(server, measurement, fields, range));
  yield await differenceOf(mine!, other!);
}
