/** One figure of both sides. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
  /** ours / theirs. */
  readonly ratio: number;
  /** What the ratio is to reach; undefined: reported only. */
  readonly goal: { readonly atLeast: number } | { readonly atMost: number } | undefined;
}
