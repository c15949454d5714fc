import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CollectorProcess } from './collector.js';
import { quantile, readHistogram } from './histogram.js';
import type { SocketReport } from './origins.js';
import { EVERY_MS, HANGING, HEALTHY, NAMELESS, ORIGINS, TURNING, targetsFile, targetsOf } from './plan.js';
import { silentNameServer } from './silent-name-server.js';
import { missedTurns, readTurns } from './turns.js';

const MINUTE_MS = 60_000;
const SAMPLE_MS = 5_000;

export interface RunResult {
  readonly minutes: number;
  /** Turns that healthy targets should have had, and those of them that did not succeed. */
  readonly healthyTurns: number;
  readonly healthyMissed: number;
  readonly sockets: SocketReport;
  /** The median of the resident memory in each minute, in MiB. */
  readonly memoryMiB: readonly number[];
  /** Of the file sink: a write and its fdatasync. */
  readonly commitP99Ms: number;
  /** Queries that the silent name server got. */
  readonly nameQueries: number;
  readonly exitCode: number | null;
}

/** One collector process with default settings, for so many minutes. */
export async function run(minutes: number, withSilentNames: boolean): Promise<RunResult> {
  const dir = await mkdtemp(join(tmpdir(), 'breakwater-soak-'));
  await using names = await silentNameServer();
  const origins = fork(fileURLToPath(new URL('./origins.ts', import.meta.url)), [String(ORIGINS)]);
  let collector: CollectorProcess | undefined;
  try {
    const [ports] = (await once(origins, 'message')) as [number[]];
    origins.send({ hang: HANGING });
    const file = join(dir, 'targets.yaml');
    await writeFile(file, targetsFile(ports, withSilentNames ? NAMELESS : 0));
    collector = await CollectorProcess.start({
      TARGETS_FILE: file,
      DATA_DIR: join(dir, 'data'),
      DNS_SERVERS: `127.0.0.1:${names.port}`,
    });
    const startedMs = Date.now();
    const memoryMiB = await watch(collector, origins, minutes);
    const endedMs = Date.now();
    const page = await collector.get('/metrics');
    const sockets = await report(origins);
    const exitCode = await collector.stop();
    return {
      minutes,
      ...(await healthy(join(dir, 'data'), startedMs, endedMs)),
      sockets,
      memoryMiB,
      commitP99Ms: 1000 * quantile(readHistogram(page, 'telemetry_sink_commit_duration_seconds', 'sink="file"'), 0.99),
      nameQueries: names.queries,
      exitCode,
    };
  } finally {
    collector?.kill();
    origins.kill();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Lets time pass; after a minute the turning origins hang. Returns the median memory of each minute. */
async function watch(collector: CollectorProcess, origins: ChildProcess, minutes: number): Promise<number[]> {
  const medians: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    if (minute === 1) origins.send({ hang: TURNING });
    const samples: number[] = [];
    for (let passed = 0; passed < MINUTE_MS; passed += SAMPLE_MS) {
      await sleep(SAMPLE_MS);
      samples.push(await collector.residentMiB());
    }
    medians.push(samples.sort((a, b) => a - b)[samples.length >> 1]!);
    process.stderr.write(`  minute ${minute + 1}: ${medians.at(-1)!.toFixed(0)} MiB\n`);
  }
  return medians;
}

async function report(origins: ChildProcess): Promise<SocketReport> {
  const answer = once(origins, 'message') as Promise<[SocketReport]>;
  origins.send('report');
  return (await answer)[0];
}

/** Of the turns that the files hold: whole intervals, from the first full one to the last that had time to be written. */
async function healthy(dataDir: string, startedMs: number, endedMs: number) {
  const turns = await readTurns(dataDir);
  const span = { fromMs: startedMs + EVERY_MS, untilMs: endedMs - EVERY_MS };
  const targets = HEALTHY.flatMap(targetsOf);
  const missed = targets.map((target) => missedTurns(turns, target, span, EVERY_MS));
  return {
    healthyTurns: targets.length * Math.floor((span.untilMs - span.fromMs) / EVERY_MS),
    healthyMissed: missed.reduce((sum, count) => sum + count, 0),
  };
}
