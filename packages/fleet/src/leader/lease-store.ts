/** What a candidate asks for. */
export interface LeaseClaim {
  readonly name: string;
  /** Who claims: unique to one candidate, whatever its process is called. */
  readonly holder: string;
  /** How long the lease shall last, in milliseconds of the store's clock. */
  readonly leaseMs: number;
  /** The token of the lease that it renews. */
  readonly token?: number;
  /** A new token shall be higher than this one too. */
  readonly above: number;
}

/** What came of a claim, and by the store's clock, in milliseconds, how long the lease has left. */
export type LeaseAnswer =
  | { readonly outcome: 'granted' | 'renewed'; readonly token: number; readonly leftMs: number }
  | { readonly outcome: 'held'; readonly holder: string; readonly token: number; readonly leftMs: number };

/** The highest token that is taken for one; below 2^53, and past any time in microseconds before the year 2255. */
export const HIGHEST_TOKEN = 9_000_000_000_000_000;

/** Where contenders meet. Each method is one atomic step by the store's own clock; none of them hangs. */
export interface LeaseStore {
  /**
   * Renews the lease that has this holder and this token; else gives it, with a token that is higher than all before, if it
   * is free, over, or this holder's already; else says who has it.
   * @throws FleetError; the claim may have been granted, or may be within the time of one call. Nobody holds that lease
   * then, since its token is known to nobody: the same holder gets it anew, others when it is over.
   */
  claim(claim: LeaseClaim): Promise<LeaseAnswer>;
  /** Ends the lease with this holder and this token, if there is one. @throws FleetError; it may have ended, or may yet. */
  resign(lease: { readonly name: string; readonly holder: string; readonly token: number }): Promise<void>;
  /** Calls `onFree` when the lease was resigned, and when that may have been missed, until disposed. */
  watch(name: string, onFree: () => void): Disposable;
}
