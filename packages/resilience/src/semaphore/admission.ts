import { Queued } from './priority-queue.js';

/** Somebody who waits for permits. */
export abstract class PermitRequest extends Queued {
  readonly weight: number;
  readonly priority: number;
  readonly key: string | undefined;

  constructor(weight: number, priority: number, key: string | undefined) {
    super();
    this.weight = weight;
    this.priority = priority;
    this.key = key;
  }
}

/**
 * Who gets permits, and when: the pure core of a semaphore. It knows no time and no promises.
 *
 * The rule: whoever comes first (higher priority, then earlier) goes first. If there are too few permits for the first,
 * everybody behind it waits, newcomers too: a heavy request is never overtaken by a light one of the same or a lower
 * priority. A newcomer of a higher priority than everybody who waits is the first itself.
 */
export interface Admission {
  /** Permits that are taken. */
  readonly inUse: number;
  /** Requests that wait. */
  readonly queued: number;
  /** The most that one request can have. */
  readonly heaviest: number;
  /** Takes permits at once, unless there are too few or somebody who comes first waits. */
  take(weight: number, priority: number, key: string | undefined): boolean;
  /** Whether one more request may wait. */
  hasRoom(key: string | undefined): boolean;
  /** Lets a request wait that `take` refused. */
  enqueue(request: PermitRequest): void;
  /** Takes a waiting request out. Those behind it may be next now. */
  remove(request: PermitRequest): void;
  /** Takes permits for the first, and hands it out of the queue; undefined if nobody waits or the permits are too few. */
  next(): PermitRequest | undefined;
  /** Gives permits back. */
  give(weight: number, key: string | undefined): void;
  /** Everybody who waits. */
  waiting(): PermitRequest[];
}
