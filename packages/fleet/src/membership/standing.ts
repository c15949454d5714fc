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
   * keeps what it had before and takes nothing new. `kept` is what it had: `everything`, a share among these, or nothing.
   */
  | { readonly kind: 'joining'; readonly ids: readonly string[]; readonly kept: Kept }
  | { readonly kind: 'member'; readonly ids: readonly string[] }
  /** Its lease ran out while nobody could ask Redis (the process stood still): it holds nothing until Redis has answered, or not. */
  | { readonly kind: 'unsure' }
  /** Before `join`, and after `leave`. */
  | { readonly kind: 'out' };

export type StandingKind = Standing['kind'];

export type Kept = 'everything' | 'nothing' | { readonly ids: readonly string[] };
