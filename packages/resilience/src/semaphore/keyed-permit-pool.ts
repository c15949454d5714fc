import type { Admission, PermitRequest } from './admission.js';
import type { Limit } from './limit.js';
import { PermitPool } from './permit-pool.js';
import { PriorityQueue, Queued } from './priority-queue.js';

/** A key that somebody uses or waits for. */
class Entry extends Queued {
  readonly key: string;
  readonly pool: PermitPool;
  /** The priority that it stands with among the ready ones. */
  standing = 0;

  constructor(key: string, pool: PermitPool) {
    super();
    this.key = key;
    this.pool = pool;
  }
}

/**
 * A limit and a queue for each key, and one limit for all keys together. A key exists while somebody uses it or waits
 * for it.
 *
 * Where the limit for all is what a key waits for, keys take turns: the highest priority goes first, and among equals
 * the key that was served longest ago, however many wait for another. A key whose own permits are out is not in turn.
 */
export class KeyedPermitPool implements Admission {
  readonly limit: Limit;
  readonly total: Limit;
  readonly maxQueue: number;
  readonly maxQueueTotal: number;
  readonly #entries = new Map<string, Entry>();
  // Keys whose first in line lacks nothing but permits of the limit for all.
  readonly #ready = new PriorityQueue<Entry>();
  #inUse = 0;
  #queued = 0;

  constructor(limit: Limit, total: Limit, maxQueue: number, maxQueueTotal: number) {
    this.limit = limit;
    this.total = total;
    this.maxQueue = maxQueue;
    this.maxQueueTotal = maxQueueTotal;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get queued(): number {
    return this.#queued;
  }

  get heaviest(): number {
    return Math.min(this.limit.permits, this.total.permits);
  }

  get keys(): number {
    return this.#entries.size;
  }

  usage(key: string): { inUse: number; queued: number } {
    const pool = this.#entries.get(key)?.pool;
    return { inUse: pool?.inUse ?? 0, queued: pool?.queued ?? 0 };
  }

  take(weight: number, priority: number, key: string | undefined): boolean {
    if (key === undefined || !this.#fits(weight) || this.#ready.priority >= priority) return false;
    const entry = this.#entries.get(key);
    const pool = entry === undefined ? this.#pool() : entry.pool;
    if (!pool.take(weight, priority)) return false;
    this.#inUse += weight;
    if (entry === undefined) this.#entries.set(key, new Entry(key, pool));
    // Who passed the waiting ones by priority may have taken what the first of them needs.
    else if (pool.queued > 0) this.#refresh(entry);
    return true;
  }

  hasRoom(key: string): boolean {
    if (this.#queued >= this.maxQueueTotal) return false;
    return this.#entries.get(key)?.pool.hasRoom() ?? this.maxQueue > 0;
  }

  enqueue(request: PermitRequest): void {
    const key = request.key!;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = new Entry(key, this.#pool());
      this.#entries.set(key, entry);
    }
    entry.pool.enqueue(request);
    this.#queued++;
    this.#refresh(entry);
  }

  remove(request: PermitRequest): void {
    const entry = this.#entries.get(request.key!)!;
    entry.pool.remove(request);
    this.#queued--;
    this.#refresh(entry);
  }

  next(): PermitRequest | undefined {
    const entry = this.#ready.first;
    if (entry === undefined || !this.#fits(entry.pool.ready!.weight)) return undefined;
    const first = entry.pool.next()!;
    this.#inUse += first.weight;
    this.#queued--;
    // To the end of the turn, even if its next in line has the same priority.
    this.#ready.remove(entry);
    this.#refresh(entry);
    return first;
  }

  give(weight: number, key: string): void {
    const entry = this.#entries.get(key)!;
    entry.pool.give(weight);
    this.#inUse -= weight;
    this.#refresh(entry);
  }

  waiting(): PermitRequest[] {
    return [...this.#entries.values()].flatMap((entry) => entry.pool.waiting());
  }

  /** To be called when the limit of each key has changed. */
  limitChanged(): void {
    for (const entry of this.#entries.values()) this.#refresh(entry);
  }

  #pool(): PermitPool {
    return new PermitPool(this.limit, this.maxQueue);
  }

  #fits(weight: number): boolean {
    return this.#inUse + weight <= this.total.permits;
  }

  /** Puts the key among the ready ones or takes it out, and forgets a key that nobody uses. */
  #refresh(entry: Entry): void {
    const first = entry.pool.ready;
    const stands = entry.line !== undefined;
    if (stands && first?.priority !== entry.standing) this.#ready.remove(entry);
    if (first !== undefined && entry.line === undefined) {
      entry.standing = first.priority;
      this.#ready.push(entry, first.priority);
    }
    if (entry.pool.inUse === 0 && entry.pool.queued === 0) this.#entries.delete(entry.key);
  }
}
