/**
 * What a member may take for its own, and why. A target belongs to it when it comes first for the target in every one of
 * the `among` lists (ids of members; itself always in them): there is more than one while targets change hands.
 */
export type Standing =
  /**
   * Redis cannot be asked, and its own lease is over (or never was): nobody provably owns anything, so it takes everything.
   * Polling twice is harmless, silence is not. `sinceMs`: wall-clock instant.
   */
  | { readonly kind: 'alone'; readonly sinceMs: number }
  /**
   * It joined, and others may not have let go of what is now its own: until each member has seen it (or its lease ended) it
   * takes nothing new. Of what it comes first for among `ids`, that is its own which it had before. `kept` says what it had:
   * `everything`, what it came first for among these, or `nothing`.
   */
  | { readonly kind: 'joining'; readonly ids: readonly string[]; readonly kept: Kept }
  | { readonly kind: 'member'; readonly ids: readonly string[] }
  /** It has no lease (it stood still, or another process took its id): it holds nothing until Redis has answered, or not. */
  | { readonly kind: 'unsure' }
  /** Before `join`, and after `leave`. */
  | { readonly kind: 'out' };

export type StandingKind = Standing['kind'];

export type Kept = 'everything' | 'nothing' | { readonly ids: readonly string[] };

/** Before `join`: nobody is told of it. */
export const OUT: Standing = { kind: 'out' };

/** What belongs to it: whoever comes first for a target in each of two lists comes first in both together, and the reverse. */
export function keptOf(standing: Standing): Kept {
  switch (standing.kind) {
    case 'alone':
      return 'everything';
    case 'member':
      return { ids: standing.ids };
    case 'joining':
      if (standing.kept === 'nothing') return 'nothing';
      if (standing.kept === 'everything') return { ids: standing.ids };
      return { ids: [...new Set([...standing.kept.ids, ...standing.ids])].sort(byCodeUnits) };
    default:
      return 'nothing';
  }
}

/** Whether the change may take something away in favour of a member that came. */
export function newcomers(before: Standing, now: Standing): boolean {
  if (!('ids' in now)) return false;
  if (before.kind === 'alone') return true;
  if (!('ids' in before)) return false;
  const known = new Set(before.ids);
  return now.ids.some((id) => !known.has(id));
}

export function sameStanding(one: Standing, other: Standing): boolean {
  if (one.kind === 'member') return other.kind === 'member' && sameIds(one.ids, other.ids);
  if (one.kind !== 'joining' || other.kind !== 'joining' || !sameIds(one.ids, other.ids)) return false;
  if (typeof one.kept === 'string' || typeof other.kept === 'string') return one.kept === other.kept;
  return sameIds(one.kept.ids, other.kept.ids);
}

export const sameIds = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((id, index) => id === other[index]);

export const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : 1);
