import type { Clock } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import type { Beat, Closure, OpenStore, OpenStoreOptions, PermitStore, Terms } from './permit-store.js';

interface User extends Terms {
  readonly joinedMs: number;
  readonly seenMs: number;
}

interface Hold {
  readonly weight: number;
  readonly endsAtMs: number;
}

interface Request {
  readonly store: MemoryStore;
  readonly weight: number;
  readonly holdMs: number;
}

export interface MemoryLimitOptions {
  readonly clock: Clock;
  /** How long the limit stays closed, beyond the longest hold, when its memory may not be the truth. */
  readonly settleMs: number;
  /** Since when it runs, in monotonic milliseconds. Default: now. */
  readonly startedMs?: number;
  /** Nobody else can use it: it is open from the first moment, and permits are held until they are released. */
  readonly alone?: boolean;
}

/** One limit in memory: what runs without Redis, and what stands for Redis where many replicas are tried in virtual time. */
export class MemoryLimit {
  readonly #options: MemoryLimitOptions;
  #users = new Map<string, User>();
  #holds = new Set<Hold>();
  #queue: Request[] = [];
  #opensAtMs: number | undefined;
  #bornMs = 0;
  #startedMs: number;
  #closure: Closure = 'new';
  #seenMs = 0;
  /** Whether it can be asked. While not, it forgets nothing. */
  reachable = true;
  /** What it answers everybody with, in Redis' words. */
  refusal: string | undefined;
  /** Users that cannot ask it, while others can. */
  readonly cutOff = new Set<string>();

  constructor(options: MemoryLimitOptions) {
    this.#options = options;
    this.#startedMs = options.startedMs ?? options.clock.now();
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** How one user opens it. */
  store(user: string): OpenStore {
    return (given) => new MemoryStore(this, user, given);
  }

  /** Forgets everything, as a server does that is restarted without its data. */
  wipe(): void {
    this.#startedMs = this.clock.now();
    this.forgetAll();
  }

  /** Forgets everything, as a server does that is told to. */
  forgetAll(): void {
    this.#users = new Map();
    this.#holds = new Set();
    this.#queue = [];
    this.#opensAtMs = undefined;
  }

  /** @internal */
  beat(user: string, { concurrent, holdMs }: Terms, life: string): Beat {
    const now = this.clock.now();
    const { settleMs } = this.#options;
    const stayed = this.#users.size > 0;
    for (const [id, { seenMs, holdMs: holds }] of this.#users) {
      if (now - seenMs > holds + settleMs) this.#users.delete(id);
    }
    const joinedMs = this.#users.get(user)?.joinedMs ?? now;
    this.#users.set(user, { concurrent, holdMs, joinedMs, seenMs: now });
    const all = [...this.#users.values()];
    const others = [...this.#users].filter(([id]) => id !== user).map(([, other]) => other);
    const longestMs = Math.max(...all.map((each) => each.holdMs));
    this.#judge(now, longestMs + settleMs, now - this.#seenMs >= longestMs && stayed, life);
    this.#seenMs = now;
    this.#drain();
    return {
      concurrent: this.#concurrent,
      holdMs: longestMs,
      opensInMs: Math.max(this.#opensAtMs! - now, 0),
      closure: this.#closure,
      life: String(this.#bornMs),
      users: all.length,
      settled: others.every(({ seenMs }) => seenMs >= joinedMs),
      differ: others.some((other) => other.concurrent !== concurrent || other.holdMs !== holdMs),
    };
  }

  /** @internal */
  request(request: Request): void {
    this.#queue.push(request);
    this.#drain();
  }

  /** @internal */
  takeBack(store: MemoryStore, weight: number): boolean {
    const place = this.#queue.findLastIndex((request) => request.store === store && request.weight === weight);
    if (place < 0) return false;
    this.#queue.splice(place, 1);
    this.#drain();
    return true;
  }

  /** @internal */
  release(hold: Hold): void {
    this.#holds.delete(hold);
    this.#drain();
  }

  /** @internal */
  leave(user: string): void {
    this.#users.delete(user);
  }

  /** @internal */
  forget(store: MemoryStore): void {
    this.#queue = this.#queue.filter((request) => request.store !== store);
  }

  /** Whether what is known may not be the truth, and until when it is closed then. */
  #judge(now: number, closedMs: number, unserved: boolean, life: string): void {
    const { settleMs, alone = false } = this.#options;
    if (alone) this.#opensAtMs = now;
    else if (this.#opensAtMs === undefined) {
      this.#bornMs = now;
      this.#close(Math.max(now + settleMs, this.#startedMs + closedMs), 'new');
    } else if (unserved) this.#close(now + closedMs, 'unserved');
    const whole = this.#bornMs + closedMs;
    if (!alone && life !== '' && life !== String(this.#bornMs) && now < whole && this.#opensAtMs! < whole) {
      this.#close(whole, 'forgotten');
    }
  }

  #close(untilMs: number, closure: Closure): void {
    this.#opensAtMs = untilMs;
    this.#closure = closure;
  }

  get #concurrent(): number {
    return Math.min(...[...this.#users.values()].map(({ concurrent }) => concurrent));
  }

  #isOpen(now: number): boolean {
    if (this.#options.alone === true) return true;
    const longestMs = Math.max(0, ...[...this.#users.values()].map(({ holdMs }) => holdMs));
    return this.#opensAtMs !== undefined && now >= this.#opensAtMs && now - this.#seenMs < longestMs;
  }

  #drain(): void {
    const now = this.clock.now();
    if (!this.reachable || !this.#isOpen(now)) return;
    for (const hold of this.#holds) if (hold.endsAtMs < now) this.#holds.delete(hold);
    let used = 0;
    for (const { weight } of this.#holds) used += weight;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (used + first.weight > this.#concurrent) return;
      this.#queue.shift();
      used += first.weight;
      const holdMs = this.#options.alone === true ? Number.POSITIVE_INFINITY : first.holdMs;
      const hold = { weight: first.weight, endsAtMs: now + holdMs };
      this.#holds.add(hold);
      first.store.grant(hold, now);
    }
  }
}

class MemoryStore implements PermitStore {
  readonly #limit: MemoryLimit;
  readonly #user: string;
  readonly #given: OpenStoreOptions;

  constructor(limit: MemoryLimit, user: string, given: OpenStoreOptions) {
    this.#limit = limit;
    this.#user = user;
    this.#given = given;
  }

  async open(): Promise<void> {
    this.#ask();
    if (this.#given.clear) this.#limit.wipe();
  }

  async beat(terms: Terms, life: string): Promise<Beat> {
    this.#ask();
    return this.#limit.beat(this.#user, terms, life);
  }

  request(weight: number, holdMs: number): void {
    this.#limit.request({ store: this, weight, holdMs });
  }

  takeBack(weight: number): boolean {
    return this.#limit.takeBack(this, weight);
  }

  async leave(): Promise<void> {
    this.#ask();
    this.#limit.leave(this.#user);
  }

  close(): void {
    this.#limit.forget(this);
  }

  /** @internal Not within the request: whoever asks is not called back before it has gone on. */
  grant(hold: Hold, sentAtMs: number): void {
    const release = () => this.#limit.release(hold);
    queueMicrotask(() => this.#given.listener.granted({ weight: hold.weight, sentAtMs, release }));
  }

  #ask(): void {
    if (!this.#limit.reachable || this.#limit.cutOff.has(this.#user))
      throw new FleetError('unreachable', 'the memory cannot be asked');
    const { refusal } = this.#limit;
    if (refusal !== undefined) throw new FleetError('refused', 'the memory says no', { cause: new Error(refusal) });
  }
}
