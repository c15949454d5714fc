import {
  type CircuitBreaker,
  type Clock,
  ConfigError,
  type KeyedCircuitBreaker,
  type Measured,
  type Random,
  type Recorder,
  systemClock,
  type Timer,
} from '@breakwater/resilience';
import { publish } from '../events.js';
import { circuitsOf } from './circuits.js';
import { type HintStore, MOST_SAYS } from './hint-store.js';
import { SHARED_BREAKER_METRICS } from './metrics.js';
import { defaultQuorum } from './quorum.js';
import { SharedCircuits } from './shared-circuits.js';

export interface SharedBreakerOptions {
  /** Whose circuits are shared, under the same keys in every replica. */
  breaker: CircuitBreaker | KeyedCircuitBreaker;
  /** Where the hints are: one for each breaker. */
  store: HintStore;
  /** Who this replica is ('' while that is not known yet), and which members are known: a `Membership` is one. */
  members: { readonly id: string; readonly ids: readonly string[] };
  /** In metrics and events. Default: the breaker's. */
  name?: string;
  /**
   * Strikes of so many members open a key for all; also a function of how many are known. Default: a majority, at least 2
   * (1 when alone), at most 3.
   */
  quorum?: number | ((members: number) => number);
  /** Failures in a row that are a strike. Default half of `failureThreshold`, rounded up; an open circuit always is one. */
  suspectAfter?: number;
  /** One sync in so many milliseconds at most. Default 200. */
  syncMs?: number;
  /** A sync after so many milliseconds at the latest, about. Default 2,000. */
  heartbeatMs?: number;
  /** How long a strike stands after the last failure, in milliseconds. Default the breaker's `recoveryTimeoutMs`. */
  strikeMs?: number;
  /** For how long a probe lease is taken; it is renewed while it is needed. In milliseconds. Default 5,000. */
  probeLeaseMs?: number;
  clock?: Clock;
  random?: Random;
}

/** Heartbeats until everything is read anew: what a store with old data would not tell. */
const HEARTBEATS_TO_SWEEP = 15;

/**
 * A breaker whose replicas share what they learn. Each decides by itself; a quorum's strikes open a key for all, one probes
 * at a time, and its success closes the key for all. No call waits for the store, or makes one.
 */
export class SharedBreaker implements Measured, AsyncDisposable {
  readonly name: string;
  readonly #store: HintStore;
  readonly #members: SharedBreakerOptions['members'];
  readonly #quorum: (members: number) => number;
  readonly #syncMs: number;
  readonly #heartbeatMs: number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #circuits: SharedCircuits;
  readonly #advice: Disposable;
  readonly #watch: Disposable;
  #epoch = '';
  #version = 0;
  /** Members that the store has heard of; undefined before it was first asked. */
  #heard: number | undefined;
  #sweptMs: number;
  #sentMs = Number.NEGATIVE_INFINITY;
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #syncing: Promise<void> | undefined;
  #published = false;
  #stopped = false;

  /** @throws ConfigError for an option that cannot be used, or a breaker that is shared already. */
  constructor(options: SharedBreakerOptions) {
    const circuits = circuitsOf(options.breaker);
    const { quorum = defaultQuorum, clock = systemClock, random = Math.random } = options;
    this.name = options.name ?? circuits.name;
    const positive = (option: keyof SharedBreakerOptions, value: number) => {
      if (value >= 1) return value;
      throw new ConfigError(`${this.name}: ${option} is ${value}; it must be at least 1`);
    };
    this.#store = options.store;
    this.#members = options.members;
    this.#quorum = typeof quorum === 'number' ? () => quorum : quorum;
    if (typeof quorum === 'number') positive('quorum', quorum);
    this.#syncMs = positive('syncMs', options.syncMs ?? 200);
    this.#heartbeatMs = Math.max(this.#syncMs, positive('heartbeatMs', options.heartbeatMs ?? 2_000));
    this.#clock = clock;
    this.#random = random;
    this.#sweptMs = clock.now();
    this.#circuits = new SharedCircuits({
      circuits,
      policy: this.name,
      now: () => clock.now(),
      suspectAfter: positive('suspectAfter', options.suspectAfter ?? Math.ceil(circuits.failureThreshold / 2)),
      strikeMs: positive('strikeMs', options.strikeMs ?? circuits.recoveryTimeoutMs),
      probeLeaseMs: positive('probeLeaseMs', options.probeLeaseMs ?? Math.max(5_000, 10 * this.#syncMs)),
      retryAfterMs: 2 * this.#syncMs,
      wake: (atMs) => this.#wake(atMs),
    });
    this.#advice = circuits.advise(this.#circuits);
    this.#watch = this.#store.watch(() => {
      this.#published = true;
      this.#wake(this.#clock.now());
    });
    this.#wake(clock.now());
  }

  /** Whether hints cannot be shared: the circuits decide by what this replica sees. */
  get alone(): boolean {
    return this.#circuits.alone;
  }

  /** Keys that are open in the fleet, as this replica knows. */
  get openKeys(): number {
    return this.#circuits.openKeys;
  }

  /**
   * Opens the key's circuit here as it is open in the fleet: for who has reset it, to forget what it knew, and begins anew.
   * Returns whether it is open there.
   */
  remind(key: string): boolean {
    return !this.#stopped && this.#circuits.remind(key);
  }

  /** Asks for a sync at `atMs`, or as soon as one may be. */
  #wake(atMs: number): void {
    if (this.#stopped || this.#syncing !== undefined || atMs === Number.POSITIVE_INFINITY) return;
    const gapMs = this.#circuits.alone && this.#heard !== undefined ? this.#heartbeatMs : this.#syncMs;
    const dueMs = Math.max(atMs, this.#sentMs + gapMs);
    if (this.#timer !== undefined) {
      if (this.#timer.dueMs <= dueMs) return;
      this.#timer.timer[Symbol.dispose]();
    }
    const timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => {
      this.#timer = undefined;
      this.#syncing = this.#sync().finally(() => {
        this.#syncing = undefined;
        this.#wakeNext();
      });
    });
    timer.unref?.();
    this.#timer = { timer, dueMs };
  }

  #wakeNext(): void {
    const heartbeatMs = this.#heartbeatMs * (0.75 + this.#random() / 2);
    this.#wake(this.#published ? this.#clock.now() : Math.min(this.#circuits.nextMs(), this.#sentMs + heartbeatMs));
  }

  async #sync(): Promise<void> {
    const sentMs = this.#clock.now();
    this.#sentMs = sentMs;
    this.#published = false;
    const me = this.#members.id;
    if (me === '') return;
    if (sentMs - this.#sweptMs >= HEARTBEATS_TO_SWEEP * this.#heartbeatMs) {
      this.#sweptMs = sentMs;
      this.#version = 0;
    }
    // Who it is among is known after the first answer: before, one strike might pass for a quorum.
    const { says, said } = this.#heard === undefined ? { says: [], said: () => {} } : this.#circuits.says();
    const { tally } = this.#circuits;
    try {
      const reply = await this.#store.sync({
        member: me,
        epoch: this.#epoch,
        since: this.#version,
        quorum: Math.max(1, this.#quorum(Math.max(this.#members.ids.length, this.#heard ?? 0))),
        silentMs: 3 * this.#heartbeatMs + 1_000,
        says,
      });
      if (this.#stopped) return;
      tally.answered++;
      said();
      const wasAlone = this.#circuits.alone && this.#heard !== undefined;
      this.#circuits.learn(reply, says, me, sentMs);
      this.#heard = reply.members;
      this.#epoch = reply.epoch;
      this.#version = reply.version;
      if (reply.more) this.#published = true;
      if (wasAlone) publish({ type: 'breaker.rejoined', policy: this.name });
    } catch (error) {
      tally.failed++;
      if (!this.#circuits.alone) publish({ type: 'breaker.alone', policy: this.name, error });
      this.#circuits.alone = true;
    }
  }

  /** Takes back what it said, gives its probe leases back, and leaves the breaker to itself. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#advice[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#timer?.timer[Symbol.dispose]();
    await this.#syncing;
    const says = this.#circuits.farewell();
    const common = { member: this.#members.id, epoch: this.#epoch, since: this.#version, quorum: 1, silentMs: 0 };
    try {
      for (let from = 0; from < says.length; from += MOST_SAYS)
        await this.#store.sync({ ...common, says: says.slice(from, from + MOST_SAYS) });
    } catch (error) {
      publish({ type: 'trouble', what: `taking back the hints of ${this.name}; they expire`, error });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  measure(record: Recorder): void {
    const policy = this.name;
    this.#circuits.tally.measure(record, policy);
    record(SHARED_BREAKER_METRICS.openKeys, { policy }, this.#circuits.openKeys);
    record(SHARED_BREAKER_METRICS.alone, { policy }, this.#circuits.alone ? 1 : 0);
    record(SHARED_BREAKER_METRICS.unshared, { policy }, this.#circuits.unshared);
  }
}

/** Shares a breaker's hints with the other replicas until it is stopped. */
export function sharedBreaker(options: SharedBreakerOptions): SharedBreaker {
  return new SharedBreaker(options);
}
