import type { Random } from '@breakwater/resilience';
import { publish } from '../events/events.js';
import type { Destination } from '../frames/frame.js';
import { Hold, type HoldAnswer, type HoldStatus } from './hold.js';
import { KeyHeap } from './key-heap.js';

// A destination that nobody sends to any more is forgotten.
const FORGOTTEN_AFTER_MS = 600_000;

/** Names a destination within a backend. */
export const destinationKey = ({ org, bucket }: Destination): string => `${org.length}:${org}/${bucket}`;

const inWords = ({ org, bucket }: Destination): string => (org === '' ? bucket : `${org}/${bucket}`);

/** A destination that is held. */
export interface HeldDestination extends HoldStatus {
  /** Its bucket, with its organisation where it has one. */
  readonly destination: string;
}

/** Which destinations of a backend want to be left alone, and how long. */
export class DestinationHolds {
  readonly #backend: string;
  /** Those that have been held for the longest first. */
  readonly #holds = new Map<string, { readonly destination: string; readonly hold: Hold }>();
  /** When each of them will be over, and when it will be forgotten. */
  readonly #due = new KeyHeap();
  readonly #old = new KeyHeap();

  constructor(backend: string) {
    this.#backend = backend;
  }

  /** Undefined: nothing is known against it. */
  of(key: string): Hold | undefined {
    return this.#holds.get(key)?.hold;
  }

  get count(): number {
    return this.#holds.size;
  }

  /** So many of them at most, those that have been held for the longest. */
  held(most: number): HeldDestination[] {
    const held: HeldDestination[] = [];
    for (const { destination, hold } of this.#holds.values()) {
      if (held.length === most) break;
      const { answer, untilMs } = hold;
      if (answer !== undefined) held.push({ destination, reason: answer.reason, words: answer.words, untilMs });
    }
    return held;
  }

  /** `sentIn`: which hold of it came last before the request was sent. */
  begin(destination: Destination, answer: HoldAnswer, sentIn: number, nowMs: number, random: Random): void {
    const key = destinationKey(destination);
    const name = inWords(destination);
    const hold = this.of(key) ?? new Hold();
    this.#holds.set(key, { destination: name, hold });
    const holdMs = hold.begin(answer, sentIn, nowMs, random);
    this.#due.set(key, hold.untilMs);
    this.#old.set(key, hold.untilMs + FORGOTTEN_AFTER_MS);
    if (holdMs === undefined) return;
    const { reason, words } = answer;
    publish({
      type: 'lane.held',
      backend: this.#backend,
      reason,
      words,
      destination: name,
      holdMs,
    });
  }

  /** A request succeeded: that ends its hold, unless it was sent before. */
  end(destination: Destination, sentIn: number): void {
    const key = destinationKey(destination);
    if (this.of(key)?.end(sentIn) !== true) return;
    this.#delete(key);
    publish({ type: 'lane.resumed', backend: this.#backend, destination: inWords(destination) });
  }

  /** When the first hold will be over; Infinity: none will. */
  dueMs(nowMs: number): number {
    let { first } = this.#due;
    for (; first !== undefined && first.value <= nowMs; { first } = this.#due) this.#due.delete(first.key);
    return first?.value ?? Number.POSITIVE_INFINITY;
  }

  /** Forgets destinations that nobody has asked for in a long time. Returns which. */
  forget(nowMs: number): string[] {
    const forgotten: string[] = [];
    for (let { first } = this.#old; first !== undefined && first.value < nowMs; { first } = this.#old) {
      const { key } = first;
      if (this.of(key)!.probes > 0) this.#old.set(key, nowMs + FORGOTTEN_AFTER_MS);
      else {
        this.#delete(key);
        forgotten.push(key);
      }
    }
    return forgotten;
  }

  #delete(key: string): void {
    this.#holds.delete(key);
    this.#due.delete(key);
    this.#old.delete(key);
  }
}
