import { fileURLToPath } from 'node:url';
import { FleetRig } from '@breakwater/testbed';
import { offsetOf } from '../../src/flow/offset.js';
import type { Excuse } from './watch.suite.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** How long the parts of a scenario take: seconds in the tests of every day, minutes in the long ones. */
export interface Effort {
  readonly intervalMs: number;
  readonly leaseMs: number;
  readonly kills: number;
  /** From one kill to the next. */
  readonly everyMs: number;
  /** How long something is away that is away for longer than a lease. */
  readonly awayMs: number;
}

/** Told what was measured. */
export type Tell = (figure: string) => Promise<unknown>;

/** What a busy machine may add to every time. */
export const SLACK_MS = 2_000;
/** From the start of collectors until they share. */
export const START_MS = 60_000;

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

/** What a takeover excuses: ⌈lease / interval⌉ + 1 turns of each of the dead one's targets, from its last sample on. */
export function takeover({ intervalMs, leaseMs }: Effort, targets: ReadonlySet<string>, diedMs: number): Excuse {
  const turns = Math.ceil(leaseMs / intervalMs) + 1;
  return { targets, fromMs: diedMs - 1_000, toMs: diedMs + leaseMs + intervalMs, turns };
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
