import type { Random } from '@breakwater/resilience';
import type { Destination } from '../frames/frame.js';
import { Hold, type HoldAnswer } from './hold.js';

// A destination that nobody sends to any more is forgotten.
const FORGOTTEN_AFTER_MS = 600_000;

/** Names a destination within a backend. */
export const destinationKey = ({ org, bucket }: Destination): string => `${org.length}:${org}/${bucket}`;

/** Which destinations of a backend want to be left alone, and how long. */
export class DestinationHolds {
  readonly #holds = new Map<string, Hold>();

  /** Undefined: nothing is known against it. */
  of(key: string): Hold | undefined {
    return this.#holds.get(key);
  }

  all(): Iterable<Hold> {
    return this.#holds.values();
  }

  /** As `Hold.begin`. */
  begin(
    destination: Destination,
    answer: HoldAnswer,
    sentIn: number,
    nowMs: number,
    random: Random,
  ): number | undefined {
    const key = destinationKey(destination);
    const hold = this.#holds.get(key) ?? new Hold();
    this.#holds.set(key, hold);
    return hold.begin(answer, sentIn, nowMs, random);
  }

  /** A request succeeded. Returns whether that ended a hold. */
  end(destination: Destination, sentIn: number): boolean {
    const key = destinationKey(destination);
    if (this.#holds.get(key)?.end(sentIn) !== true) return false;
    return this.#holds.delete(key);
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
