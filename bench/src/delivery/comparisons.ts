import { setTimeout as pause } from 'node:timers/promises';
import { faultProxy, startServer } from '@breakwater/testbed';
import { median } from '../measure.js';
import type { Comparison } from './comparison.js';
import { freshDatabase, runWriter, storedPoints } from './run-writer.js';
import type { WriterReport } from './writer-plan.js';

const SIDES = ['ours', 'theirs'] as const;
type Pair<T> = Record<(typeof SIDES)[number], T>;

const compared = (
  name: string,
  unit: string,
  { ours, theirs }: Pair<number>,
  goal?: Comparison['goal'],
): Comparison => ({
  name,
  unit,
  ours,
  theirs,
  ratio: ours / theirs,
  goal,
});

const DATABASE = 'bench';
const RUNS = 7;
const POINTS = 200_000;

/** Throughput, CPU and memory on a server that is well: runs of both sides alternate. */
export async function healthy(): Promise<Comparison[]> {
  await using influx = await startServer('influxdb');
  const reports: Pair<WriterReport[]> = { ours: [], theirs: [] };
  for (let run = 0; run <= RUNS; run++) {
    for (const side of run % 2 === 0 ? SIDES : SIDES.toReversed()) {
      const database = await freshDatabase(influx.url, DATABASE);
      const report = await runWriter({ side, url: influx.url, database, points: POINTS });
      const stored = await storedPoints(influx.url, database);
      if (stored !== POINTS) throw new Error(`${side}: ${stored} of ${POINTS} points arrived at a healthy server`);
      // The first run warms the server.
      if (run > 0) reports[side].push(report);
    }
  }
  const middle = (figure: (report: WriterReport) => number): Pair<number> => ({
    ours: median(reports.ours.map(figure)),
    theirs: median(reports.theirs.map(figure)),
  });
  return [
    compared(
      'throughput',
      'points/s',
      middle(({ wallMs }) => (POINTS / wallMs) * 1_000),
      { atLeast: 0.97 },
    ),
    compared(
      'cpu',
      'µs/point',
      middle(({ cpuMs }) => (cpuMs / POINTS) * 1_000),
      { atMost: 1.2 },
    ),
    compared(
      'memory',
      'MiB',
      middle(({ peakBytes }) => peakBytes / 2 ** 20),
    ),
  ];
}

/** 100,000 points at 10,000 a second; the server is away from the second to the eighth second. */
export function outage(): Promise<Comparison[]> {
  return throughTrouble('outage', { points: 100_000, pointsPerSecond: 10_000 }, 'down', 1_000, 6_000);
}

/** A million points as fast as they can be made; the server takes 5 s an answer for the first 12 s. */
export function slow(): Promise<Comparison[]> {
  return throughTrouble('slow', { points: 1_000_000 }, { delayAnswerMs: 5_000 }, 0, 12_000);
}

async function throughTrouble(
  name: string,
  load: { points: number; pointsPerSecond?: number },
  fault: 'down' | { delayAnswerMs: number },
  afterMs: number,
  forMs: number,
): Promise<Comparison[]> {
  const lost: Pair<number> = { ours: 0, theirs: 0 };
  const peak: Pair<number> = { ours: 0, theirs: 0 };
  for (const side of SIDES) {
    await using influx = await startServer('influxdb', { database: DATABASE });
    await using proxy = await faultProxy(influx.url);
    const running = runWriter({ side, url: proxy.url, database: DATABASE, ...load });
    await pause(afterMs);
    await proxy.set(fault, { only: fault === 'down' ? 'all' : 'writes' });
    await pause(forMs);
    await proxy.set('none');
    const { peakBytes } = await running;
    peak[side] = peakBytes / 2 ** 20;
    lost[side] = load.points - (await storedPoints(influx.url, DATABASE));
  }
  const program = await runWriter({ side: 'nobody', url: '', database: DATABASE, ...load });
  const programMiB = program.peakBytes / 2 ** 20;
  const above: Pair<number> = { ours: peak.ours - programMiB, theirs: peak.theirs - programMiB };
  return [
    compared(`${name}: lost`, 'points', lost, { atMost: 0 }),
    compared(`${name}: memory`, 'MiB', peak, { atMost: 0.5 }),
    compared(`${name}: memory above a writer's own ${Math.round(programMiB)} MiB`, 'MiB', above, { atMost: 0.5 }),
  ];
}
