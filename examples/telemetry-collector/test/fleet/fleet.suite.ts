import { fileURLToPath } from 'node:url';
import { FleetRig, type FleetVerdict } from '@breakwater/testbed';
import { offsetOf } from '../../src/flow/offset.js';
import type { Excuse } from './watch.suite.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** How long the parts of a scenario take: seconds in the tests of every day, minutes in the long ones. */
export interface Effort {
  readonly intervalMs: number;
  /** So long that no member of a fleet on a busy machine is late for it. */
  readonly leaseMs: number;
  readonly kills: number;
  /** From one kill to the next. */
  readonly everyMs: number;
  /** How long something is away that is away for longer than a lease. */
  readonly awayMs: number;
}

/** Told what was measured. */
export type Tell = (figure: string) => Promise<unknown>;

/** What a busy machine may add to every time: what takes longer hangs. How long it took is told, and judged by the turns. */
export const SLACK_MS = 30_000;
/** From the start of collectors until they share. */
export const START_MS = 180_000;

/** Three collectors, started, and 300 targets. */
export async function startFleet(
  { intervalMs, leaseMs }: Effort,
  redisUrl: (index: number) => string,
  more: (index: number) => Readonly<Record<string, string>> = () => ({}),
): Promise<FleetRig> {
  const env = (index: number) => ({
    REDIS_URL: redisUrl(index),
    FLEET_LEASE: String(leaseMs / 1_000),
    ...more(index),
  });
  const rig = await FleetRig.start({ main: MAIN, offsetOf, intervalMs, env });
  try {
    await Promise.all(rig.collectors.map((collector) => collector.start()));
  } catch (error) {
    await rig[Symbol.asyncDispose]();
    throw error;
  }
  return rig;
}

/** Within that time before a death a sample may still be on its way to the disk. */
const UNWRITTEN_MS = 2_000;

/**
 * What a takeover excuses: ⌈lease / interval⌉ + 1 turns of each of the dead one's targets, from its last sample on.
 * `diedMs`, `goneMs`: it died between these.
 */
export function takeover(
  { intervalMs, leaseMs }: Effort,
  targets: ReadonlySet<string>,
  diedMs: number,
  goneMs: number,
): Excuse {
  const turns = Math.ceil(leaseMs / intervalMs) + 1;
  return { targets, fromMs: diedMs - UNWRITTEN_MS, toMs: goneMs + leaseMs + intervalMs, turns };
}

/**
 * What the return of one that started at that time excuses until each polls its own: since when a target is its own it
 * knows to two round trips, and rather polls a turn again than not at all.
 */
export function handedBack(
  { intervalMs }: Effort,
  targets: ReadonlySet<string>,
  startedMs: number,
  againMs: number,
): Excuse {
  return { targets, fromMs: startedMs - intervalMs, toMs: againMs, turns: 0, mayRepeat: true };
}

/** Turns of a handover that may be polled twice: what falls due in those two round trips, and a few. */
export const mostRepeated = (targets: ReadonlySet<string>, { intervalMs, slowestBeatMs }: FleetVerdict): number =>
  FEW_TURNS + (targets.size / intervalMs) * 2 * slowestBeatMs;

const FEW_TURNS = 5;

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
