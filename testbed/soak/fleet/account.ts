import type { FleetVerdict, Poll } from '@breakwater/testbed';

/** One collector that was killed, and came back. */
export interface Kill {
  readonly victim: string;
  /** What it polled before. */
  readonly share: ReadonlySet<string>;
  readonly killedMs: number;
  /** When it answered again. */
  readonly backMs: number;
  /** When the next one was killed, or the run was over. */
  readonly untilMs: number;
}

export interface Times {
  readonly intervalMs: number;
  readonly leaseMs: number;
}

export interface Account {
  readonly due: number;
  readonly withPoint: number;
  /** Without a point, in the gap that a takeover may leave. */
  readonly missingInTakeovers: number;
  readonly longestGap: number;
  /** What a takeover may miss of each target. */
  readonly allowance: number;
  readonly missingOutside: number;
  /** Turns that collectors got no time to begin, as they count themselves. */
  readonly countedAsMissed: number;
  readonly twiceAtReturns: number;
  readonly twiceOutside: number;
  /** Polls of targets of others than the dead by others than their owner. */
  readonly moved: number;
  readonly strangers: number;
  /** From each kill until the others had polled all its targets; undefined: never. */
  readonly takeoverMs: ReadonlyArray<number | undefined>;
  /** From when each answered again until nobody else polled its targets; undefined: it polled none of them. */
  readonly returnMs: ReadonlyArray<number | undefined>;
  readonly isWell: boolean;
}

/** A point that was sampled right before a kill may not be on the disk yet. */
const UNWRITTEN_MS = 1_000;
const SLACK_MS = 2_000;
/** The share of all turns that a busy machine may have no time for. */
const MISSED_SHARE = 0.01;

/** What became of all turns of a run with kills. `owners`: whose each target was before the first. */
export function accountOf(
  verdict: FleetVerdict,
  polls: readonly Poll[],
  owners: ReadonlyMap<string, string>,
  kills: readonly Kill[],
  times: Times,
): Account {
  const { intervalMs, leaseMs } = times;
  const allowance = Math.ceil(leaseMs / intervalMs) + 1;
  const isTakeover = (target: string, atMs: number) =>
    kills.some(
      ({ share, killedMs }) =>
        share.has(target) && atMs >= killedMs - UNWRITTEN_MS && atMs < killedMs + leaseMs + intervalMs,
    );
  const isReturn = (target: string, atMs: number) =>
    kills.some(
      ({ share, backMs }) =>
        share.has(target) && atMs >= backMs - intervalMs && atMs < backMs + leaseMs + intervalMs + SLACK_MS,
    );
  const excused = verdict.gaps.filter(({ target, fromMs, turns }) => turns <= allowance && isTakeover(target, fromMs));
  const missing = sum(verdict.gaps.map(({ turns }) => turns));
  const missingInTakeovers = sum(excused.map(({ turns }) => turns));
  const twiceAtReturns = verdict.repeats.filter(({ target, instantMs }) => isReturn(target, instantMs)).length;
  const countedAsMissed = sum(verdict.counts.map(({ missed }) => missed));
  const figures = {
    due: verdict.due,
    withPoint: verdict.due - missing,
    missingInTakeovers,
    longestGap: Math.max(0, ...verdict.gaps.map(({ turns }) => turns)),
    allowance,
    missingOutside: missing - missingInTakeovers,
    countedAsMissed,
    twiceAtReturns,
    twiceOutside: verdict.repeats.length - twiceAtReturns,
    moved: sum(kills.map((kill) => movedIn(polls, owners, kill))),
    strangers: verdict.strangers.length,
    takeoverMs: kills.map((kill) => takeoverOf(polls, kill)),
    returnMs: kills.map((kill) => returnOf(polls, kill)),
  };
  return { ...figures, isWell: isWell(figures, times) };
}

function isWell(account: Omit<Account, 'isWell'>, { intervalMs, leaseMs }: Times): boolean {
  const { due, missingOutside, countedAsMissed, twiceOutside, moved, strangers, takeoverMs, returnMs } = account;
  const tolerated = Math.min(countedAsMissed, due * MISSED_SHARE);
  const soon = (ms: number | undefined) => ms !== undefined && ms <= leaseMs + intervalMs + SLACK_MS;
  const isComplete = due > 0 && missingOutside <= tolerated && strangers === 0;
  return isComplete && twiceOutside === 0 && moved === 0 && [...takeoverMs, ...returnMs].every(soon);
}

/** Everything that was polled from one kill to the next, but for what the dead one had. */
function movedIn(polls: readonly Poll[], owners: ReadonlyMap<string, string>, kill: Kill): number {
  return polls.filter(
    ({ target, by, atMs }) =>
      atMs >= kill.killedMs && atMs < kill.untilMs && !kill.share.has(target) && owners.get(target) !== by,
  ).length;
}

function takeoverOf(polls: readonly Poll[], { victim, share, killedMs, backMs }: Kill): number | undefined {
  const first = new Map<string, number>();
  for (const { target, by, atMs } of polls) {
    if (atMs < killedMs || atMs >= backMs || by === victim || !share.has(target) || first.has(target)) continue;
    first.set(target, atMs);
  }
  return first.size === share.size ? Math.max(...first.values()) - killedMs : undefined;
}

function returnOf(polls: readonly Poll[], { victim, share, backMs, untilMs }: Kill): number | undefined {
  const own = polls.filter(({ target, atMs }) => share.has(target) && atMs >= backMs && atMs < untilMs);
  const isBack = new Set(own.filter(({ by }) => by === victim).map(({ target }) => target)).size === share.size;
  const last = own.findLast(({ by }) => by !== victim)?.atMs ?? backMs;
  return isBack ? last - backMs : undefined;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
