/** What an operation is told about the call it serves. */
export interface Context {
  /** Aborted when the caller gives up or a timeout expires. Made when first read, so an operation that ignores it pays nothing. */
  readonly signal: AbortSignal;
  /** The instant, in monotonic milliseconds of the policy's clock, after which the result is of no use. Infinity: none. */
  readonly deadline: number;
  /** 1 for the first try, counted up by retry. */
  readonly attempt: number;
}

/** The user's async function. */
export type Operation<T> = (context: Context) => T | PromiseLike<T>;

/** What a caller may say about one execution. */
export interface Options {
  /** Aborting it ends queue waits and retry waits, and aborts the operation's own signal. */
  signal?: AbortSignal;
  /** Monotonic milliseconds of the policy's clock (`clock.now() + budgetMs`). It travels inwards: nothing waits past it. */
  deadline?: number;
  /** Which entry of a keyed policy the call belongs to, and what coalesce shares by. */
  key?: string;
  /** Higher goes first in a queue. Default 0. */
  priority?: number;
  /** How many permits the call takes. Default 1. */
  weight?: number;
  /** Running it twice does no harm. Default true; `false` stops retry. */
  idempotent?: boolean;
}

/** Wraps an operation. A pipeline of policies is a policy too. */
export interface Policy {
  readonly name: string;
  execute<T>(operation: Operation<T>, options?: Options): Promise<T>;
}

export type Outcome = { value: unknown } | { error: unknown };
export type Verdict = 'success' | 'failure' | 'ignore';

/** Says what an outcome means: a 503 answer is no exception, and still a failure. */
export type Classify = (outcome: Outcome) => Verdict;

/** Leave to run, given back once: the first word counts, later ones do nothing. Disposing it without a word is `ignore`. */
export interface Permit extends Disposable {
  success(): void;
  failure(error?: unknown): void;
  ignore(): void;
}
