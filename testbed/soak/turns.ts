import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the sink's files say of one target's turns. */
export interface TargetTurns {
  /** The scheduled instants that were written, in ms since the epoch, in order, of turns that succeeded. */
  readonly okAtMs: readonly number[];
}

/** Reads back every outcome point (`telemetry_turn`) that the collector wrote. */
export async function readTurns(dataDir: string): Promise<Map<string, TargetTurns>> {
  const turns = new Map<string, { okAtMs: number[] }>();
  for (const file of (await readdir(dataDir, { recursive: true })).filter((name) => name.endsWith('.lp')).sort()) {
    for (const line of (await readFile(join(dataDir, file), 'utf8')).split('\n')) addLine(turns, line);
  }
  for (const { okAtMs } of turns.values()) okAtMs.sort((a, b) => a - b);
  return turns;
}

function addLine(turns: Map<string, { okAtMs: number[] }>, line: string): void {
  if (!line.startsWith('telemetry_turn,') || !/[ ,]ok=(true|t|1i)\b/.test(line)) return;
  const target = /,target=([^, ]+)/.exec(line)?.[1];
  const nanoseconds = /(\d+)$/.exec(line)?.[1];
  if (target === undefined || nanoseconds === undefined) throw new Error(`a line that is no outcome point: ${line}`);
  const atMs = Number(BigInt(nanoseconds) / 1_000_000n);
  const known = turns.get(target);
  if (known === undefined) turns.set(target, { okAtMs: [atMs] });
  else known.okAtMs.push(atMs);
}

/** Turns that should have been between the first and `untilMs` and were not written as succeeded. */
export function missedTurns(
  turns: TargetTurns | undefined,
  intervalMs: number,
  fromMs: number,
  untilMs: number,
): number {
  const seen = new Set((turns?.okAtMs ?? []).filter((atMs) => atMs >= fromMs && atMs < untilMs));
  return Math.max(0, Math.floor((untilMs - fromMs) / intervalMs) - seen.size);
}
