import type { Random } from '@breakwater/resilience';
import { publish } from '../events/events.js';
import type { Destination } from '../frames/frame.js';
import { Hold, type HoldAnswer } from './hold.js';

// A destination that nobody sends to any more is forgotten.
const FORGOTTEN_AFTER_MS = 600_000;

/** Names a destination within a backend. */
export const destinationKey = ({ org, bucket }: Destination): string => `${org.length}:${org}/${bucket}`;

const inWords = ({ org, bucket }: Destination): string => (org === '' ? bucket : `${org}/${bucket}`);

/** Which destinations of a backend want to be left alone, and how long. */
export class DestinationHolds {
  readonly #backend: string;
  readonly #holds = new Map<string, Hold>();

  constructor(backend: string) {
    this.#backend = backend;
  }

  /** Undefined: nothing is known against it. */
  of(key: string): Hold | undefined {
    return this.#holds.get(key);
  }

  all(): Iterable<Hold> {
    return this.#holds.values();
  }

  /** `sentIn`: which hold of it came last before the request was sent. */
  begin(destination: Destination, answer: HoldAnswer, sentIn: number, nowMs: number, random: Random): void {
    const key = destinationKey(destination);
    const hold = this.#holds.get(key) ?? new Hold();
    this.#holds.set(key, hold);
    const holdMs = hold.begin(answer, sentIn, nowMs, random);
    if (holdMs === undefined) return;
    const { reason, words } = answer;
    publish({
      type: 'lane.held',
      backend: this.#backend,
      reason,
      words,
      destination: inWords(destination),
      holdMs,
    });
  }

  /** A request succeeded: that ends its hold, unless it was sent before. */
  end(destination: Destination, sentIn: number): void {
    const key = destinationKey(destination);
    if (this.#holds.get(key)?.end(sentIn) !== true) return;
    this.#holds.delete(key);
    publish({ type: 'lane.resumed', backend: this.#backend, destination: inWords(destination) });
  }

  /** When the first hold will be over; Infinity: none will. Forgets what nobody has asked for in a long time. */
  dueMs(nowMs: number): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const [key, hold] of this.#holds) {
      if (hold.untilMs > nowMs) dueMs = Math.min(dueMs, hold.untilMs);
      else if (hold.probes === 0 && nowMs - hold.untilMs > FORGOTTEN_AFTER_MS) this.#holds.delete(key);
    }
    return dueMs;
  }
}
