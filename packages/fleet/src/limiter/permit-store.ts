/** What a replica wants of a limit. */
export interface Terms {
  readonly concurrent: number;
  /** How long one of its permits may be held at most, in milliseconds. */
  readonly holdMs: number;
}

/** Why a limit was closed: it is new, this is another server, nobody was served for long, or Redis has forgotten it. */
export const CLOSURES = ['new', 'other-server', 'unserved', 'forgotten'] as const;
export type Closure = (typeof CLOSURES)[number];

/** What holds for all replicas that use the limit. */
export interface Beat {
  /** The smallest that one of them wants. */
  readonly concurrent: number;
  /** The longest that a permit of one of them may be held. */
  readonly holdMs: number;
  /** Until then nobody gets a permit: somebody may still use one that the store does not know of. 0: it is open. */
  readonly opensInMs: number;
  /** Why it was closed the last time. */
  readonly closure: Closure;
  /** From when the store remembers the limit: another one means that it has forgotten it. */
  readonly life: string;
  /** How many replicas use the limit, this one included. */
  readonly users: number;
  /** Whether all others have counted this one. */
  readonly settled: boolean;
  /** Whether they want different things: a deployment under way, or a mistake. */
  readonly differ: boolean;
}

/** Permits of the store, taken for one job. */
export interface Grant {
  readonly weight: number;
  /** Monotonic instant before the store was asked: it counts the hold from later on. */
  readonly sentAtMs: number;
  release(): void;
}

export interface StoreListener {
  /** Somebody's turn has come: who asked first may be gone, then it is released at once. */
  granted(grant: Grant): void;
  /** Nothing more comes of this store: throw it away. */
  failed(error: unknown): void;
}

/**
 * Where the permits of one limit are counted for all replicas, in one of its lives: after its first failure it is thrown
 * away, and another one is made.
 */
export interface PermitStore {
  /** Resolves when it can be used. */
  open(): Promise<void>;
  /**
   * Says that this replica lives, what it wants, and in which life of the limit it may have had permits (empty: none), and
   * learns what holds. To be called all the time.
   */
  beat(terms: Terms, life: string): Promise<Beat>;
  /** Asks for permits for one job; they come through the listener, or never. */
  request(weight: number, holdMs: number): void;
  /** Takes back the latest that was asked for with this weight. False: there is none, or its permits are on their way. */
  takeBack(weight: number): boolean;
  /** The others need not share with this replica any more: nothing of it runs. */
  leave(): Promise<void>;
  /** Lets go of timers and listeners. Grants that are out can still be released. */
  close(): void;
}

export interface OpenStoreOptions {
  readonly listener: StoreListener;
  readonly terms: Terms;
  /** Forget what is stored: it was damaged. */
  readonly clear: boolean;
}

export type OpenStore = (options: OpenStoreOptions) => PermitStore;
