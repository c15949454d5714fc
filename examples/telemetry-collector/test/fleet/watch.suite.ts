import { setTimeout as pause } from 'node:timers/promises';
import type { FleetRig, FleetVerdict, Gap, Poll, Repeat } from '@breakwater/testbed';
import { expect } from 'vitest';

const LOOK_MS = 50;

/** Who polls what: the targets of each poller. */
export type Shares = ReadonlyMap<string, ReadonlySet<string>>;

/** What an event excuses: so many turns in a row, of these targets, in this time. */
export interface Excuse {
  /** Undefined: of all targets. */
  readonly targets?: ReadonlySet<string>;
  readonly fromMs: number;
  readonly toMs: number;
  /** Turns that may be missing. */
  readonly turns: number;
  /** Whether turns may be polled more than once. Default false. */
  readonly mayRepeat?: boolean;
}

/** Asks again and again until there is an answer. `what` says what is missing when there is none in time. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  withinMs: number,
  what: () => string,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > until) throw new Error(`after ${withinMs} ms still ${what()}`);
    await pause(LOOK_MS);
  }
}

/** Who polled which targets from that time on. */
export function sharesOf(polls: readonly Poll[]): Map<string, Set<string>> {
  const shares = new Map<string, Set<string>>();
  for (const { by, target } of polls) {
    const share = shares.get(by) ?? new Set();
    shares.set(by, share.add(target));
  }
  return shares;
}

/** How many times the targets were polled in an interval's time, and by whom, in words. */
function words(shares: Shares): string {
  return [...shares].map(([by, targets]) => `${by} polls ${targets.size}`).join(', ') || 'nobody polls';
}

/**
 * Resolves when, for an interval's time, these pollers and no others have polled every target, each target by one of
 * them; with their shares, and since when that is so.
 */
export async function shared(
  rig: FleetRig,
  by: readonly string[],
  withinMs: number,
): Promise<{ shares: Shares; sinceMs: number }> {
  const { intervalMs, targets } = rig.turns;
  let shares: Shares = new Map();
  const look = () => {
    // A turn begins a little late on a busy machine: an interval and a half has one of each target for sure.
    const sinceMs = Date.now() - 1.5 * intervalMs;
    shares = sharesOf(rig.server.since(sinceMs));
    const polled = new Set([...shares.values()].flatMap((each) => [...each]));
    const held = [...shares.values()].reduce((sum, { size }) => sum + size, 0);
    const isSo =
      polled.size === targets.length &&
      held === targets.length &&
      shares.size === by.length &&
      by.every((each) => shares.has(each));
    return isSo ? { shares, sinceMs } : undefined;
  };
  return eventually(look, withinMs, () => `not shared between ${by.join(', ')}: ${words(shares)}`);
}

/** Resolves when each of these pollers has polled every target within an interval's time. */
export async function everythingBy(rig: FleetRig, by: readonly string[], withinMs: number): Promise<void> {
  const { intervalMs, targets } = rig.turns;
  let shares: Shares = new Map();
  const look = () => {
    shares = sharesOf(rig.server.since(Date.now() - 1.5 * intervalMs));
    return by.every((each) => shares.get(each)?.size === targets.length) ? true : undefined;
  };
  await eventually(look, withinMs, () => `not everything by ${by.join(', ')}: ${words(shares)}`);
}

/** When each of the targets was first polled by others than `former` after that time; -Infinity: not yet. */
export function takenOverMs(rig: FleetRig, targets: ReadonlySet<string>, former: string, afterMs: number): number {
  const first = new Map<string, number>();
  for (const { target, by, atMs } of rig.server.since(afterMs)) {
    if (by !== former && targets.has(target) && !first.has(target)) first.set(target, atMs);
  }
  return first.size === targets.size ? Math.max(...first.values()) : Number.NEGATIVE_INFINITY;
}

/** The targets whose poller is another one now. */
export function moved(before: Shares, after: Shares): string[] {
  return [...after].flatMap(([by, targets]) => [...targets].filter((target) => before.get(by)?.has(target) !== true));
}

/** Every turn has one point and was polled once, but for what is excused. */
export function expectTurns({ due, gaps, repeats, strangers }: FleetVerdict, excuses: readonly Excuse[]): void {
  expect(due).toBeGreaterThan(0);
  expect(strangers).toEqual([]);
  const bare = gaps.filter((gap) => !excuses.some((excuse) => excusesGap(excuse, gap)));
  const twice = repeats.filter((repeat) => !excuses.some((excuse) => excusesRepeat(excuse, repeat)));
  const shown = { gaps: bare.slice(0, 5), repeats: twice.slice(0, 5) };
  expect({ gaps: bare.length, repeats: twice.length, shown }).toEqual({
    gaps: 0,
    repeats: 0,
    shown: { gaps: [], repeats: [] },
  });
}

const covers = ({ targets, fromMs, toMs }: Excuse, target: string, instantMs: number): boolean =>
  targets?.has(target) !== false && fromMs <= instantMs && instantMs < toMs;

const excusesGap = (excuse: Excuse, { target, fromMs, turns }: Gap): boolean =>
  turns <= excuse.turns && covers(excuse, target, fromMs);

const excusesRepeat = (excuse: Excuse, { target, instantMs }: Repeat): boolean =>
  excuse.mayRepeat === true && covers(excuse, target, instantMs);
