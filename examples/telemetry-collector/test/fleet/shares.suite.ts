import type { FleetRig, Poll } from '@breakwater/testbed';

/** Who polls what: the targets of each poller. */
export type Shares = ReadonlyMap<string, ReadonlySet<string>>;

type Turns = Pick<FleetRig['turns'], 'targets' | 'intervalMs' | 'instantAt'>;

const SHOWN_TARGETS = 10;

/** Who polled which targets, or owns them. */
export function sharesOf(polls: ReadonlyArray<Pick<Poll, 'target' | 'by'>>): Map<string, Set<string>> {
  const shares = new Map<string, Set<string>>();
  for (const { by, target } of polls) {
    const share = shares.get(by) ?? new Set();
    shares.set(by, share.add(target));
  }
  return shares;
}

/** A turn begins a little late on a busy machine: since then each target has had one turn for sure. */
export const oneTurnAgo = (nowMs: number, { intervalMs }: Turns): number => nowMs - 1.5 * intervalMs;

/**
 * Who polls what, once that can be told: for two turns of each target one and the same has polled it, one of these pollers,
 * and each of them polls. Undefined: not yet. One turn tells nothing: a target that changes hands between two turns is
 * polled by one alone in each interval, so that who began before the others would seem to have what it polled until then.
 * It is looked at for three turns: one of them may be missed.
 */
export function settledShares(
  turns: Turns,
  polls: readonly Poll[],
  by: readonly string[],
  nowMs: number,
): Shares | undefined {
  const sinceMs = oneTurnAgo(nowMs, turns) - 2 * turns.intervalMs;
  const late = polls.filter(({ atMs }) => atMs >= sinceMs && atMs <= nowMs);
  const shares = sharesOf(late);
  const isTheirs = shares.size === by.length && by.every((each) => shares.has(each));
  const held = [...shares.values()].reduce((sum, { size }) => sum + size, 0);
  const seen = new Map(turns.targets.map((target) => [target, new Set<number>()]));
  for (const { target, atMs } of late) seen.get(target)?.add(turns.instantAt(target, atMs));
  const isTwice = [...seen.values()].every(({ size }) => size >= 2);
  return isTheirs && isTwice && held === seen.size ? shares : undefined;
}

/** How many targets each has, in words. */
export function words(shares: Shares): string {
  return [...shares].map(([by, targets]) => `${by} polls ${targets.size}`).join(', ') || 'nobody polls';
}

/** The targets that others have than before, in words: how many, and which from whom to whom; undefined: none. */
export function moved(before: Shares, now: Shares): string | undefined {
  const [was, is] = [holders(before), holders(now)];
  const targets = [...new Set([...was.keys(), ...is.keys()])].filter((target) => is.get(target) !== was.get(target));
  if (targets.length === 0) return undefined;
  const shown = targets
    .slice(0, SHOWN_TARGETS)
    .map((target) => `${target} from ${was.get(target) ?? 'nobody'} to ${is.get(target) ?? 'nobody'}`);
  return `${targets.length} targets moved (${words(before)}; now ${words(now)}): ${shown.join(', ')}`;
}

/** The names of those that have it, by target. */
function holders(shares: Shares): Map<string, string> {
  const by = new Map<string, string[]>();
  for (const [name, targets] of shares) for (const target of targets) by.set(target, [...(by.get(target) ?? []), name]);
  return new Map([...by].map(([target, names]) => [target, names.sort().join(' and ')]));
}
