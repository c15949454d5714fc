import type { Clock, Random, Timer } from '@breakwater/resilience';
import type { VirtualClock } from '@breakwater/resilience/testing';
import { FleetError } from '../fleet-error.js';
import { leaderLease } from './candidate.js';
import { fencedWorkload } from './fenced-workload.js';
import type { LeaderLease } from './leader-lease.js';
import type { LeaseStore } from './lease-store.js';
import { memoryLeaseStore } from './memory-lease-store.js';
import type { Stamp } from './stamp.js';
import type { Term } from './term.js';
import { StaleTermError, type Workload } from './workload.js';
import type { JudgedWorkload, SignedChange } from './workload.suite.js';

export const LEASE_MS = 1_500;
const TIMEOUT_MS = 300;

/** What becomes of one call. `late`: it is done long after its caller gave up. */
export interface Fate {
  readonly fate: 'done' | 'lost' | 'answer-lost' | 'late';
  readonly beforeMs: number;
  readonly afterMs: number;
}

const SMOOTH: Fate = { fate: 'done', beforeMs: 0, afterMs: 0 };

/** The network and the machines: what a test breaks. */
export class World {
  readonly clock: VirtualClock;
  readonly workload: JudgedWorkload;
  readonly terms: Stamp[] = [];
  fates: readonly Fate[] = [];
  #store: LeaseStore;
  #calls = 0;

  constructor(clock: VirtualClock, workload: JudgedWorkload) {
    this.clock = clock;
    this.workload = workload;
    this.#store = memoryLeaseStore(clock);
  }

  /** The store restarts with empty memory. */
  empty(): void {
    this.#store = memoryLeaseStore(this.clock);
  }

  get store(): LeaseStore {
    return this.#store;
  }

  /** One call over the network. */
  async call<T>(run: () => Promise<T>, giveUp: () => Error): Promise<T> {
    const { fate, beforeMs, afterMs } = this.fates[this.#calls++ % this.fates.length] ?? SMOOTH;
    const answer = (async () => {
      await this.#wait(beforeMs);
      if (fate === 'late') await this.#wait(2 * TIMEOUT_MS);
      if (fate === 'lost') return await new Promise<never>(() => {});
      const value = await run();
      await this.#wait(afterMs);
      return fate === 'answer-lost' ? await new Promise<never>(() => {}) : value;
    })();
    if (fate === 'done' && beforeMs + afterMs === 0) return answer;
    answer.catch(() => {});
    return Promise.race([answer, this.#wait(TIMEOUT_MS).then(() => Promise.reject(giveUp()))]);
  }

  #wait(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => void this.clock.after(ms, resolve));
  }
}

/** A process: whatever runs in it stands still while it is paused, and for good when it was killed. */
class Process implements Clock {
  readonly #clock: VirtualClock;
  #state: 'running' | 'paused' | 'killed' = 'running';
  #waiting: Array<() => void> = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  wall(): number {
    return this.#clock.wall();
  }

  after(ms: number, run: () => void): Timer {
    let wanted = true;
    const timer = this.#clock.after(ms, () => this.#run(() => wanted && run()));
    return {
      [Symbol.dispose]() {
        wanted = false;
        timer[Symbol.dispose]();
      },
    };
  }

  /** An answer from outside, when the process runs. */
  hear<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.#run(() => resolve(value)),
        (error: unknown) => this.#run(() => reject(error)),
      );
    });
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  kill(): void {
    this.#state = 'killed';
    this.#waiting = [];
  }

  #run(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#waiting.push(run);
  }
}

/** A replica that stands for the lease and, while it leads, acts again and again. */
export class Contender {
  readonly process: Process;
  readonly lease: LeaderLease;
  isCut = false;
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, id: string, random: Random) {
    this.#world = world;
    this.#random = random;
    this.process = new Process(world.clock);
    this.lease = leaderLease({
      store: this.#store(),
      name: 'workload',
      id,
      leaseMs: LEASE_MS,
      clock: this.process,
      random,
      onElected: (term) => {
        world.terms.push({ token: term.token, holder: term.holder });
        void this.#lead(term);
      },
    });
  }

  async #lead(term: Term): Promise<void> {
    const by = { token: term.token, holder: term.holder };
    const fenced = fencedWorkload(term, this.#workload());
    while (!term.signal.aborted) {
      try {
        if (this.#random() < 0.3) await fenced.read();
        await fenced.act({ by });
      } catch (error) {
        if (error instanceof StaleTermError) return;
      }
      await new Promise<void>((resolve) => void this.process.after(100 + this.#random() * 300, resolve));
    }
  }

  #store(): LeaseStore {
    const call = <T>(run: () => Promise<T>): Promise<T> => {
      if (this.isCut) return Promise.reject(new FleetError('unreachable', 'the store is cut off'));
      return this.process.hear(this.#world.call(run, () => new FleetError('timeout', 'no answer from the store')));
    };
    return {
      claim: (claim) => call(() => this.#world.store.claim(claim)),
      resign: (lease) => call(() => this.#world.store.resign(lease)),
      watch: (name, onFree) =>
        this.#world.store.watch(name, () => void this.process.hear(Promise.resolve()).then(onFree)),
    };
  }

  #workload(): Workload<SignedChange> {
    const { workload } = this.#world;
    const call = <T>(run: () => Promise<T>): Promise<T> =>
      this.process.hear(this.#world.call(run, () => new Error('no answer from the workload')));
    return {
      read: () => call(() => workload.read()),
      stamp: (stamp, version) => call(() => workload.stamp(stamp, version)),
      act: (change, version) => call(() => workload.act(change, version)),
    };
  }
}
