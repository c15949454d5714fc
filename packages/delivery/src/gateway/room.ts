import { type Permit, type Semaphore, semaphore } from '@breakwater/resilience';
import type { GatewayMeter } from './metrics.js';
import { busy } from './refusal.js';

// What a request costs beside its body; it bounds how many there are.
const REQUEST_BYTES = 1_024;
const RETRY_AFTER_MS = 1_000;

/** Bounds the memory that all bodies under way take together. */
export class BodyRoom {
  readonly #bytes: Semaphore;
  readonly #meter: GatewayMeter;

  constructor(bytes: number, meter: GatewayMeter) {
    // One request fits whatever the limit.
    this.#bytes = semaphore({ name: 'write-gateway', permits: bytes + REQUEST_BYTES, maxQueue: 0 });
    this.#meter = meter;
  }

  /** @throws Refusal 429 */
  enter(): BodyShare {
    const share = new BodyShare(this.#bytes, this.#meter);
    share.grow(REQUEST_BYTES);
    return share;
  }
}

/** The memory of one body: it grows as the body comes, so that a promise of much takes nothing from others. */
export class BodyShare implements Disposable {
  readonly #bytes: Semaphore;
  readonly #meter: GatewayMeter;
  readonly #permits: Permit[] = [];
  #held = 0;

  constructor(bytes: Semaphore, meter: GatewayMeter) {
    this.#bytes = bytes;
    this.#meter = meter;
  }

  /** @throws Refusal 429 */
  grow(bytes: number): void {
    if (bytes === 0) return;
    const permit = this.#bytes.tryAcquire({ weight: bytes });
    if (permit === undefined) throw busy('too many bodies at once; send again later', RETRY_AFTER_MS);
    this.#permits.push(permit);
    this.#held += bytes;
    this.#meter.held(bytes);
  }

  [Symbol.dispose](): void {
    for (const permit of this.#permits) permit[Symbol.dispose]();
    this.#meter.held(-this.#held);
    this.#held = 0;
  }
}
