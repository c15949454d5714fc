import { setTimeout as pause } from 'node:timers/promises';
import type { CollectorProcess, FleetRig, FleetVerdict, Gap, Poll, Repeat } from '@breakwater/testbed';
import { expect } from 'vitest';
import { moved, oneTurnAgo, type Shares, settledShares, sharesOf, words } from './shares.suite.js';

const LOOK_MS = 50;

/** What an event excuses: turns of these targets in this time, so many of each in a row. */
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

/** Resolves with who polls what, when these pollers share the targets and nothing moves. */
export function shared(rig: FleetRig, by: readonly string[], withinMs: number): Promise<Shares> {
  const { turns, server } = rig;
  const look = () => settledShares(turns, server.polls, by, Date.now());
  const now = () => words(sharesOf(server.since(oneTurnAgo(Date.now(), turns))));
  return eventually(look, withinMs, () => `not shared between ${by.join(', ')}: ${now()}`);
}

/**
 * Resolves when, for a turn of each target after that time, everybody polled what it has in these shares and nothing else;
 * with since when that is so. That each target has one poller is not enough: on its way back it has one too.
 */
export async function sharedAgain(rig: FleetRig, shares: Shares, afterMs: number, withinMs: number): Promise<number> {
  const { turns, server } = rig;
  let wrong: string | undefined;
  const look = () => {
    const polls = server.since(afterMs);
    const last = polls.findLastIndex((poll) => isStray(shares, poll));
    const sinceMs = 1 + (polls[last]?.atMs ?? afterMs);
    wrong = moved(shares, sharesOf(polls.slice(last + 1)));
    return wrong === undefined && sinceMs <= oneTurnAgo(Date.now(), turns) ? sinceMs : undefined;
  };
  return eventually(look, withinMs, () => `not shared as before: ${wrong ?? 'not for long enough'}`);
}

const isStray = (shares: Shares, { target, by }: Poll): boolean => shares.get(by)?.has(target) !== true;

/** Since then nobody polled a target that another has in these shares. `but`: targets that may move. */
export function expectUnmoved(rig: FleetRig, shares: Shares, sinceMs: number, but?: ReadonlySet<string>): void {
  const wrong = rig.server.since(sinceMs).filter((poll) => but?.has(poll.target) !== true && isStray(shares, poll));
  const said = wrong.length === 0 ? '' : rig.collectors.map(({ output }) => output).join('\n');
  expect(wrong.slice(0, 5), `${wrong.length} polls by others; the collectors said:\n${said}`).toEqual([]);
}

/** Resolves when each of these pollers has polled every target since then. */
export async function everythingBy(
  rig: FleetRig,
  by: readonly string[],
  sinceMs: number,
  withinMs: number,
): Promise<void> {
  const { targets } = rig.turns;
  let shares: Shares = new Map();
  const look = () => {
    shares = sharesOf(rig.server.since(sinceMs));
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

/** Whose each target is, as the `/targets` of every collector says. @throws where they do not agree. */
export async function owned(collectors: readonly CollectorProcess[]): Promise<Map<string, Set<string>>> {
  const pages = await Promise.all(collectors.map((collector) => collector.text('/targets')));
  const [first, ...others] = pages.map((page) => {
    const { targets } = JSON.parse(page) as { targets: Array<{ name: string; owner: string }> };
    return targets.map(({ name, owner }) => ({ target: name, by: owner }));
  });
  for (const other of others) expect(other).toEqual(first);
  return sharesOf(first!);
}

/** Resolves when the metrics of each collector tell the standing that is expected of it. */
export async function standing(rig: FleetRig, expected: readonly string[], withinMs: number): Promise<void> {
  let told: ReadonlyArray<string | undefined> = [];
  const look = async () => {
    told = await standings(rig.collectors);
    return told.every((each, place) => each === expected[place]) ? true : undefined;
  };
  await eventually(look, withinMs, () => `not ${expected.join(', ')}, but ${told.join(', ')}`);
}

/** The standing that each collector's metrics tell. */
export async function standings(collectors: readonly CollectorProcess[]): Promise<Array<string | undefined>> {
  const pages = await Promise.all(collectors.map((collector) => collector.text('/metrics')));
  return pages.map((page) => /^fleet_standing\{[^}]*standing="(\w+)"[^}]*\} 1$/m.exec(page)?.[1]);
}

/** The share of all turns that may be missed beside those that fell due while a collector stood still. */
const MISSED_SHARE = 0.01;

/**
 * Every turn has one point and was polled once, but for what is excused, and for those that a collector got no time to
 * begin: so it counted them itself, and the time for which it stood still, too.
 */
export function expectTurns(verdict: FleetVerdict, excuses: readonly Excuse[]): void {
  const { due, gaps, repeats, strangers, counts, intervalMs, targets } = verdict;
  expect(due).toBeGreaterThan(0);
  expect(strangers).toEqual([]);
  const bare = gaps
    .map((gap) => ({ ...gap, bare: gap.turns - excusedTurns(excuses, gap, intervalMs) }))
    .filter((gap) => gap.bare > 0);
  const twice = repeats.filter((repeat) => !excuses.some((excuse) => excusesRepeat(excuse, repeat)));
  expect(twice.slice(0, 5), `${twice.length} turns polled twice; excused: ${inWords(excuses)}`).toEqual([]);
  const [missed, stalledMs] = [sum(counts.map((each) => each.missed)), sum(counts.map((each) => each.stalledMs))];
  const most = due * MISSED_SHARE + (targets / intervalMs) * stalledMs;
  const excess = Math.max(0, sum(bare.map((gap) => gap.bare)) - Math.min(missed, most));
  const shown = excess === 0 ? [] : bare.slice(0, 5);
  const counted = `${missed} turns counted as missed, ${stalledMs} ms stood still`;
  const what = `${bare.length} gaps, ${counted}; excused: ${inWords(excuses)}`;
  expect({ excess, shown }, what).toEqual({ excess: 0, shown: [] });
}

const covers = ({ targets, fromMs, toMs }: Excuse, target: string, instantMs: number): boolean =>
  targets?.has(target) !== false && fromMs <= instantMs && instantMs < toMs;

/** What is excused of a gap may have a turn before or after it for which its owner got no time. */
function excusedTurns(excuses: readonly Excuse[], { target, fromMs, turns }: Gap, intervalMs: number): number {
  const instants = Array.from({ length: turns }, (_, turn) => fromMs + turn * intervalMs);
  const excused = excuses.map((excuse) =>
    Math.min(excuse.turns, instants.filter((instantMs) => covers(excuse, target, instantMs)).length),
  );
  return Math.max(0, ...excused);
}

const excusesRepeat = (excuse: Excuse, { target, instantMs }: Repeat): boolean =>
  excuse.mayRepeat === true && covers(excuse, target, instantMs);

const inWords = (excuses: readonly Excuse[]): string =>
  excuses
    .map(({ targets, fromMs, toMs }) => `${targets?.size ?? 'all'} targets from ${fromMs} to ${toMs}`)
    .join('; ') || 'nothing';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
