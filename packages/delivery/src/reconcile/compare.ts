import { type Counts, countWindows, sameCounts, totalOf } from './counts.js';
import { Digest } from './digest.js';
import type { InfluxServer } from './influx-server.js';
import type { TimeRange } from './influxql.js';
import { pointText, readPoints } from './points.js';
import type { Field } from './schema.js';
import { clip, pages, windowOf } from './windows.js';

/** One measurement on two servers. */
export interface Pair {
  readonly from: InfluxServer;
  readonly to: InfluxServer;
  readonly measurement: string;
  readonly fields: readonly Field[];
}

export interface WindowDifference {
  readonly range: TimeRange;
  /** Field values on each side. */
  readonly fromValues: number;
  readonly toValues: number;
}

/** Windows that are counted with one query: what bounds memory, however long the range is. */
const WINDOWS_AT_ONCE = 1_000;

/**
 * Finds the windows that differ: by the count of each field, and where those are equal by a checksum of the points,
 * unless `countsOnly`.
 */
export async function* differingWindows(
  pair: Pair,
  range: TimeRange,
  windowNs: bigint,
  countsOnly: boolean,
): AsyncGenerator<WindowDifference> {
  const { from, to, measurement, fields } = pair;
  for (const page of pages(range, windowNs, WINDOWS_AT_ONCE)) {
    const [ours, theirs] = await Promise.all(
      [from, to].map((server) => countWindows(server, measurement, fields, page, windowNs)),
    );
    const windows = joined(ours!, theirs!, fields.length);
    const alike = windows.filter((window) => sameCounts(window.from, window.to)).map(({ start }) => start);
    const changed = countsOnly ? new Set<bigint>() : await differingContents(pair, page, windowNs, alike);
    for (const window of windows) {
      if (sameCounts(window.from, window.to) && !changed.has(window.start)) continue;
      const [fromValues, toValues] = [totalOf(window.from), totalOf(window.to)];
      yield { range: clip(window.start, windowNs, page), fromValues, toValues };
    }
  }
}

interface CountedWindow {
  readonly start: bigint;
  readonly from: Counts;
  readonly to: Counts;
}

function joined(from: Map<bigint, Counts>, to: Map<bigint, Counts>, fields: number): CountedWindow[] {
  const none = Array.from({ length: fields }, () => 0);
  return [...new Set([...from.keys(), ...to.keys()])]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((start) => ({ start, from: from.get(start) ?? none, to: to.get(start) ?? none }));
}

/** Of windows with equal counts, those whose points differ. Neighbours are read with one query. */
async function differingContents(
  { from, to, measurement, fields }: Pair,
  page: TimeRange,
  windowNs: bigint,
  starts: readonly bigint[],
): Promise<Set<bigint>> {
  const differing = new Set<bigint>();
  for (const run of runsOf(starts, windowNs)) {
    const range = { startNs: clip(run.first, windowNs, page).startNs, endNs: clip(run.last, windowNs, page).endNs };
    const [ours, theirs] = await Promise.all(
      [from, to].map((server) => digests(server, measurement, fields, range, windowNs)),
    );
    for (const start of new Set([...ours!.keys(), ...theirs!.keys()])) {
      const [mine, other] = [ours!.get(start), theirs!.get(start)];
      if (mine === undefined || other === undefined || !mine.equals(other)) differing.add(start);
    }
  }
  return differing;
}

function runsOf(starts: readonly bigint[], windowNs: bigint): Array<{ first: bigint; last: bigint }> {
  const runs: Array<{ first: bigint; last: bigint }> = [];
  for (const start of starts) {
    const run = runs.at(-1);
    if (run !== undefined && run.last + windowNs === start) run.last = start;
    else runs.push({ first: start, last: start });
  }
  return runs;
}

async function digests(
  server: InfluxServer,
  measurement: string,
  fields: readonly Field[],
  range: TimeRange,
  windowNs: bigint,
): Promise<Map<bigint, Digest>> {
  const windows = new Map<bigint, Digest>();
  for await (const point of readPoints(server, measurement, fields, range)) {
    const start = windowOf(point.timeNs, windowNs);
    const digest = windows.get(start) ?? new Digest();
    digest.add(pointText(point));
    windows.set(start, digest);
  }
  return windows;
}
