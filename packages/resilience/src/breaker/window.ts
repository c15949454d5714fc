/** What a window holds at the moment. */
export interface Counts {
  readonly calls: number;
  readonly failures: number;
  /** Slow ones among the calls, whether they failed or not. */
  readonly slow: number;
}

/** The results that a rate is taken of. Recording costs the same whatever the window holds. */
export interface Window extends Counts {
  record(nowMs: number, failed: boolean, slow: boolean): void;
}

export type WindowSettings =
  | { readonly kind: 'count'; readonly calls: number }
  | { readonly kind: 'time'; readonly durationMs: number; readonly buckets: number };
