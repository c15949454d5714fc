import type { Admission, PermitRequest } from './admission.js';
import type { Limit } from './limit.js';
import { PriorityQueue } from './priority-queue.js';

/** One limit, one queue. */
export class PermitPool implements Admission {
  readonly limit: Limit;
  readonly maxQueue: number;
  readonly #queue = new PriorityQueue<PermitRequest>();
  #inUse = 0;

  constructor(limit: Limit, maxQueue: number) {
    this.limit = limit;
    this.maxQueue = maxQueue;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get heaviest(): number {
    return this.limit.permits;
  }

  /** The first who waits, if there are permits for it. */
  get ready(): PermitRequest | undefined {
    const first = this.#queue.first;
    return first !== undefined && this.#fits(first.weight) ? first : undefined;
  }

  take(weight: number, priority: number): boolean {
    if (!this.#fits(weight) || this.#queue.priority >= priority) return false;
    this.#inUse += weight;
    return true;
  }

  hasRoom(): boolean {
    return this.#queue.size < this.maxQueue;
  }

  enqueue(request: PermitRequest): void {
    this.#queue.push(request, request.priority);
  }

  remove(request: PermitRequest): void {
    this.#queue.remove(request);
  }

  next(): PermitRequest | undefined {
    const first = this.ready;
    if (first === undefined) return undefined;
    this.#queue.remove(first);
    this.#inUse += first.weight;
    return first;
  }

  give(weight: number): void {
    this.#inUse -= weight;
  }

  waiting(): PermitRequest[] {
    return [...this.#queue];
  }

  #fits(weight: number): boolean {
    return this.#inUse + weight <= this.limit.permits;
  }
}
