import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deliveryDelays, Rig } from '@breakwater/testbed';
import { median } from '../measure.js';
import type { Comparison } from './comparison.js';

const MAIN = fileURLToPath(new URL('../../../examples/telemetry-collector/dist/main.js', import.meta.url));
const RUNS = 3;
const RUN_MS = 15_000;
const MIB = 2 ** 20;

interface Run {
  readonly p99Ms: number;
  /** How much larger the collector was at the end than after a third of the run. */
  readonly growth: number;
}

/** The delay of one backend's points while the other is dead all the time, also when its lane is over its cap. */
export async function isolation(): Promise<Comparison[]> {
  const runs = { alive: [] as Run[], dead: [] as Run[], full: [] as Run[] };
  for (let run = 0; run < RUNS; run++) {
    runs.alive.push(await oneRun(false, 1024 * MIB));
    runs.dead.push(await oneRun(true, 1024 * MIB));
    runs.full.push(await oneRun(true, 8 * MIB));
  }
  const p99 = (of: readonly Run[]) => median(of.map(({ p99Ms }) => p99Ms));
  const growth = (of: readonly Run[]) => median(of.map((run) => run.growth));
  const row = (name: string, unit: string, ours: number, theirs: number, atMost: number): Comparison => {
    return { name, unit, ours, theirs, ratio: ours / theirs, goal: { atMost } };
  };
  return [
    row('delay p99, other backend dead', 'ms', p99(runs.dead), p99(runs.alive), 1.5),
    row('delay p99, dead one over its cap', 'ms', p99(runs.full), p99(runs.alive), 1.5),
    row('memory at the end / after a third, dead', '×', growth(runs.dead), growth(runs.alive), 1.2),
    row('memory at the end / after a third, over its cap', '×', growth(runs.full), growth(runs.alive), 1.2),
  ];
}

/** 20,000 points a second, in writes of 100. */
async function oneRun(isDead: boolean, maxBytes: number): Promise<Run> {
  await using rig = await Rig.start({
    main: MAIN,
    backends: ['influxdb', 'influxdb'],
    env: { SPOOL_MAX_BYTES: String(maxBytes) },
    producer: { pointsPerWrite: 100, writers: 4, pauseMs: 18 },
  });
  if (isDead) await rig.backends[1]!.proxy.set('down');
  rig.producer.start();
  await pause(RUN_MS / 3);
  const early = await residentBytes(rig);
  await pause((2 * RUN_MS) / 3);
  const late = await residentBytes(rig);
  await rig.producer.stop();
  await pause(500);
  const delays = deliveryDelays(rig.producer, rig.backends[0]!.proxy.recorded);
  return { p99Ms: delays[Math.floor(delays.length * 0.99)]!, growth: late / early };
}

async function residentBytes(rig: Rig): Promise<number> {
  const page = await rig.collector.text('/metrics');
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(page)?.[1]);
}
