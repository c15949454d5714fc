import { Heap } from './heap.js';
import { offsetOf } from './offset.js';

/** What can have turns. */
export interface Scheduled {
  /** Unique; its hash decides where in the interval the turns lie. */
  readonly name: string;
  /** Whole milliseconds between two turns. */
  readonly intervalMs: number;
}

/** What fell due: a turn to take now, turns that were missed, or both. */
export interface Due<T> {
  readonly item: T;
  /** The instant the turn was scheduled for, in epoch milliseconds. Undefined: even the newest turn is too late. */
  readonly instantMs: number | undefined;
  /** Turns that passed and will not be made up for. */
  readonly missed: number;
}

interface Entry<T> {
  place: number;
  item: T;
  offsetMs: number;
  nextMs: number;
  /** The instant that was handed out last: it may come round again when the clock is set back. */
  takenMs: number | undefined;
}

/**
 * Which target's turn it is: a pure core, told the wall time. A turn lies at epoch + offset + k · interval, so that
 * replicas agree on the instants without talking. A turn that cannot start nearer to its own instant than to the next
 * is missed and counted: after a stall there is no burst of what lies in the past.
 */
export class Schedule<T extends Scheduled> {
  readonly #heap = new Heap<Entry<T>>((one, other) => one.nextMs < other.nextMs);
  readonly #entries = new Map<string, Entry<T>>();
  /** The instants that were handed out last of what was released: they stay taken. */
  readonly #released = new Map<string, number>();
  #wallMs = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#entries.size;
  }

  /** The wall time of the earliest turn; Infinity when there is none. */
  get nextMs(): number {
    return this.#heap.first?.nextMs ?? Number.POSITIVE_INFINITY;
  }

  /** The wall time of that target's next turn. */
  nextOf(name: string): number | undefined {
    return this.#entries.get(name)?.nextMs;
  }

  /**
   * Adds an item, or takes it in place of the one with its name, which keeps its rhythm if the interval is the same. What
   * is added has the turns after `sinceMs`, which may be over, but none that was handed out before it was released.
   */
  set(item: T, wallMs: number, sinceMs: number = wallMs): void {
    this.#wallMs = Math.max(this.#wallMs, wallMs);
    const known = this.#entries.get(item.name);
    if (known !== undefined && known.item.intervalMs === item.intervalMs) {
      known.item = item;
      if (known.place === -1) this.#heap.add(known);
      return;
    }
    if (known !== undefined) this.#heap.remove(known);
    const offsetMs = offsetOf(item.name, item.intervalMs);
    const takenMs = known?.takenMs ?? this.#released.get(item.name);
    this.#released.delete(item.name);
    // An instant beyond now was taken before the clock was set back: it says nothing about the turns before it.
    const soonestMs = takenMs !== undefined && takenMs <= wallMs ? Math.max(sinceMs, takenMs) : sinceMs;
    const nextMs = turnAfter(Math.min(soonestMs, wallMs), offsetMs, item.intervalMs);
    const entry = { place: -1, item, offsetMs, nextMs, takenMs };
    this.#entries.set(item.name, entry);
    this.#heap.add(entry);
  }

  /**
   * Takes an item out that may come back. Returns how many of its turns fell due up to `wallMs` and were not handed out:
   * they are left to somebody else.
   */
  release(name: string, wallMs: number): number {
    const entry = this.#entries.get(name);
    if (entry === undefined) return 0;
    this.delete(name);
    if (entry.takenMs !== undefined) this.#released.set(name, entry.takenMs);
    return Math.max(0, Math.floor((wallMs - entry.nextMs) / entry.item.intervalMs) + 1);
  }

  /** Takes an item out for good. */
  delete(name: string): void {
    this.#released.delete(name);
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#heap.remove(entry);
  }

  /**
   * What is due at `wallMs`, in the order of the instants. Each instant is handed out once, or counted as missed. An item
   * that `mayTake` refuses is set aside with its turns, until it is set again or released.
   */
  take(wallMs: number, mayTake: (item: T) => boolean = () => true): Due<T>[] {
    if (wallMs < this.#wallMs) this.#turnBack(wallMs);
    this.#wallMs = wallMs;
    const due: Due<T>[] = [];
    for (let entry = this.#heap.first; entry !== undefined && entry.nextMs <= wallMs; entry = this.#heap.first) {
      if (!mayTake(entry.item)) {
        this.#heap.remove(entry);
        continue;
      }
      const { intervalMs } = entry.item;
      const passed = Math.floor((wallMs - entry.nextMs) / intervalMs);
      const newestMs = entry.nextMs + passed * intervalMs;
      // A second point of an instant would replace the first.
      const repeated = newestMs === entry.takenMs;
      const inTime = wallMs - newestMs <= lateness(intervalMs);
      const instantMs = inTime && !repeated ? newestMs : undefined;
      const missed = inTime || repeated ? passed : passed + 1;
      if (instantMs !== undefined) entry.takenMs = instantMs;
      if (instantMs !== undefined || missed > 0) due.push({ item: entry.item, instantMs, missed });
      entry.nextMs = newestMs + intervalMs;
      this.#heap.moved(entry);
    }
    return due;
  }

  /** The wall clock was set back: who would now wait for longer than an interval starts from the new time. */
  #turnBack(wallMs: number): void {
    for (const entry of this.#entries.values()) {
      const { intervalMs } = entry.item;
      if (entry.nextMs - wallMs <= intervalMs) continue;
      entry.nextMs = turnAfter(wallMs, entry.offsetMs, intervalMs);
      if (entry.place !== -1) this.#heap.moved(entry);
    }
  }
}

/** How late a turn may start, in milliseconds: from half of its interval on, the next turn is nearer. */
export const lateness = (intervalMs: number): number => intervalMs / 2;

function turnAfter(wallMs: number, offsetMs: number, intervalMs: number): number {
  return (Math.floor((wallMs - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs;
}
