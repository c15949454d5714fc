import { type Clock, systemClock } from '@breakwater/resilience';
import type { LeaseAnswer, LeaseClaim, LeaseStore } from './lease-store.js';

interface Lease {
  holder: string | undefined;
  token: number;
  endsMs: number;
}

class MemoryLeaseStore implements LeaseStore {
  readonly #clock: Clock;
  readonly #leases = new Map<string, Lease>();
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async claim({ name, holder, leaseMs, token, above }: LeaseClaim): Promise<LeaseAnswer> {
    const nowMs = this.#clock.now();
    const lease = this.#leases.get(name) ?? { holder: undefined, token: 0, endsMs: 0 };
    const isHeld = lease.holder !== undefined && lease.endsMs > nowMs;
    if (isHeld && lease.holder !== holder) {
      return { outcome: 'held', holder: lease.holder!, token: lease.token, leftMs: lease.endsMs - nowMs };
    }
    const renews = isHeld && lease.token === token;
    if (!renews) lease.token = Math.max(lease.token + 1, Math.floor(this.#clock.wall() * 1_000), above + 1);
    lease.holder = holder;
    lease.endsMs = nowMs + leaseMs;
    this.#leases.set(name, lease);
    return { outcome: renews ? 'renewed' : 'granted', token: lease.token, leftMs: leaseMs };
  }

  async resign({ name, holder, token }: { name: string; holder: string; token: number }): Promise<void> {
    const lease = this.#leases.get(name);
    if (lease === undefined || lease.holder !== holder || lease.token !== token) return;
    lease.holder = undefined;
    for (const onFree of this.#watchers.get(name) ?? []) queueMicrotask(onFree);
  }

  watch(name: string, onFree: () => void): Disposable {
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers);
    watchers.add(onFree);
    return { [Symbol.dispose]: () => watchers.delete(onFree) };
  }
}

/** Leases of one process: with a single candidate it leads as long as it lives. */
export function memoryLeaseStore(clock: Clock = systemClock): LeaseStore {
  return new MemoryLeaseStore(clock);
}
