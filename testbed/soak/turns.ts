import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The scheduled instants, in ms since the epoch, of the turns that the collector's files say succeeded, by target. */
export type Turns = ReadonlyMap<string, ReadonlySet<number>>;

/** Reads back the point that the collector writes for each turn. */
export async function readTurns(dataDir: string): Promise<Turns> {
  const turns = new Map<string, Set<number>>();
  for (const file of await readdir(dataDir, { recursive: true })) {
    if (!file.endsWith('.lp')) continue;
    for (const line of (await readFile(join(dataDir, file), 'utf8')).split('\n')) addLine(turns, line);
  }
  return turns;
}

function addLine(turns: Map<string, Set<number>>, line: string): void {
  if (!line.startsWith('telemetry_turn,') || !line.includes(' up=1i,')) return;
  const target = /,target=([^, ]+)/.exec(line)?.[1];
  const nanoseconds = / (\d+)$/.exec(line)?.[1];
  if (target === undefined || nanoseconds === undefined) throw new Error(`no outcome point: ${line}`);
  const atMs = Number(BigInt(nanoseconds) / 1_000_000n);
  const known = turns.get(target);
  if (known === undefined) turns.set(target, new Set([atMs]));
  else known.add(atMs);
}

/** How many turns of `target` between the two instants did not succeed: each interval of the span holds exactly one. */
export function missedTurns(
  turns: Turns,
  target: string,
  span: { fromMs: number; untilMs: number },
  everyMs: number,
): number {
  const due = Math.floor((span.untilMs - span.fromMs) / everyMs);
  const untilMs = span.fromMs + due * everyMs;
  const succeeded = [...(turns.get(target) ?? [])].filter((atMs) => atMs >= span.fromMs && atMs < untilMs);
  return due - succeeded.length;
}
