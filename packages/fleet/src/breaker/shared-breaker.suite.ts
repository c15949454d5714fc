import { type CircuitBreakerOptions, keyedCircuitBreaker, RejectedError } from '@breakwater/resilience';
import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import { FleetError } from '../fleet-error.js';
import type { HintReply, HintRequest, HintStore } from './hint-store.js';
import { memoryHintStore } from './memory-hint-store.js';
import { type SharedBreaker, type SharedBreakerOptions, sharedBreaker } from './shared-breaker.js';

/** A service that can be down, and a network that can be broken for some of its callers. */
class Upstream {
  up = true;
  readonly cutOff = new Set<string>();
  /** Requests that arrived, by caller; one that is cut off arrives nowhere. */
  arrived = 0;
  atOnce = 0;
  mostAtOnce = 0;
  readonly #clock: VirtualClock;
  readonly #tookMs: number;

  constructor(clock: VirtualClock, tookMs: number) {
    this.#clock = clock;
    this.#tookMs = tookMs;
  }

  async request(caller: string): Promise<string> {
    if (this.cutOff.has(caller)) throw new Error('no route to host');
    this.arrived++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    await new Promise<void>((resolve) => void this.#clock.after(this.#tookMs, resolve));
    this.atOnce--;
    if (!this.up) throw new Error('503');
    return 'fine';
  }
}

/** What a replica has of the store: it can be lost for it alone. */
export class Line implements HintStore {
  calls = 0;
  lost = false;
  /** Answers get lost: what was asked was done all the same. */
  deaf = false;
  delayMs = 0;
  readonly #store: HintStore;
  readonly #clock: VirtualClock;

  constructor(store: HintStore, clock: VirtualClock) {
    this.#store = store;
    this.#clock = clock;
  }

  async sync(request: HintRequest): Promise<HintReply> {
    this.calls++;
    if (this.lost) throw new FleetError('unreachable', 'the line is cut');
    await this.#pass();
    const reply = await this.#store.sync(request);
    await this.#pass();
    if (this.deaf) throw new FleetError('timeout', 'the answer got lost');
    return reply;
  }

  watch(onChange: () => void): Disposable {
    return this.#store.watch(() => {
      if (!this.lost && !this.deaf) onChange();
    });
  }

  async #pass(): Promise<void> {
    if (this.delayMs > 0) await new Promise<void>((resolve) => void this.#clock.after(this.delayMs, resolve));
  }
}

export interface Replica {
  readonly id: string;
  readonly breaker: ReturnType<typeof keyedCircuitBreaker>;
  readonly line: Line;
  readonly shared: SharedBreaker;
  /** Calls the upstream; says what came of it. */
  call(key?: string): Promise<string>;
}

interface FleetOptions {
  replicas?: number;
  tookMs?: number;
  breaker?: CircuitBreakerOptions;
  shared?: Partial<SharedBreakerOptions>;
}

export const KEY = 'backend';

/** Replicas with a breaker each, over one store, in virtual time. */
export function fleetOf({ replicas: count = 5, tookMs = 20, breaker: settings = {}, shared = {} }: FleetOptions = {}) {
  const clock = new VirtualClock();
  const upstream = new Upstream(clock, tookMs);
  const ids = Array.from({ length: count }, (_, index) => `replica-${index + 1}`);
  const stores = { now: memoryHintStore({ clock }) };
  // Replaceable: a server that was restarted empty.
  const store: HintStore = {
    sync: (request) => stores.now.sync(request),
    watch: (onChange) => stores.now.watch(onChange),
  };
  /** Calls that run because one replica probes for the fleet. */
  const probes = { atOnce: 0, mostAtOnce: 0, made: 0 };
  const start = (id: string, seed: number): Replica => {
    const breaker = keyedCircuitBreaker({
      name: 'backends',
      failureThreshold: 5,
      recoveryTimeoutMs: 10_000,
      successThreshold: 2,
      clock,
      random: seededRandom(seed),
      ...settings,
    });
    const line = new Line(store, clock);
    const options = { breaker, store: line, members: { id, ids }, clock, random: seededRandom(seed), ...shared };
    const replicaBreaker = sharedBreaker(options);
    const request = async () => {
      const isProbe = breaker.state(KEY) === 'half-open' && !replicaBreaker.alone && replicaBreaker.openKeys > 0;
      if (!isProbe) return await upstream.request(id);
      probes.made++;
      probes.mostAtOnce = Math.max(probes.mostAtOnce, ++probes.atOnce);
      try {
        return await upstream.request(id);
      } finally {
        probes.atOnce--;
      }
    };
    const call = (key = KEY) =>
      breaker
        .execute(request, { key })
        .catch((error: unknown) => (error instanceof RejectedError ? error.reason : 'failed'));
    return { id, breaker, line, shared: replicaBreaker, call };
  };
  const replicas = ids.map((id, index) => start(id, index + 1));
  /** Every replica calls every `everyMs`, none at the same instant as another. */
  const run = async (ms: number, everyMs = 50, who: readonly Replica[] = replicas) => {
    const untilMs = clock.now() + ms;
    const timers = new Set<Disposable>();
    for (const [index, replica] of who.entries()) {
      const tick = () => {
        if (clock.now() > untilMs) return;
        void replica.call();
        timers.add(clock.after(everyMs, tick));
      };
      timers.add(clock.after(1 + (index * everyMs) / who.length, tick));
    }
    await clock.advance(ms);
    for (const timer of timers) timer[Symbol.dispose]();
  };
  const states = () => replicas.map(({ breaker }) => breaker.state(KEY));
  const all = (state: string) => Array.from({ length: replicas.length }, () => state);
  const forgetAll = () => {
    stores.now = memoryHintStore({ clock });
  };
  return { clock, upstream, probes, ids, replicas, start, run, states, all, forgetAll };
}
