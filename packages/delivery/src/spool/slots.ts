import { join } from 'node:path';
import type { Clock } from '@breakwater/resilience';
import type { Storage } from '../storage/storage.js';
import { segmentsIn, slotName, slotNumber } from './layout.js';
import { DirectoryInUseError, DirectoryLock } from './slot-lock.js';

export interface LockedSlot {
  readonly path: string;
  readonly lock: DirectoryLock;
}

const MOST_SLOTS = 1_000;
/** A folder that another process holds, or that holds nothing for us, is looked at again after this. */
const LOOK_AGAIN_MS = 60_000;
/** One that is kept for others alone would be read from end to end each time. */
const LOOK_AT_KEPT_AGAIN_MS = 600_000;

/** The first folder `slot-N` that no living process holds; a new one where all are held. */
export async function firstFreeSlot(parent: string, storage: Storage): Promise<LockedSlot> {
  for (let number = 1; number <= MOST_SLOTS; number++) {
    const path = join(parent, slotName(number));
    await storage.makeDirectory(path);
    await storage.syncDirectory(parent);
    const lock = await tryLock(path);
    if (lock !== undefined) return { path, lock };
  }
  throw new Error(
    `${parent} holds ${MOST_SLOTS} slots, each held by a living process; give this one a folder of its own`,
  );
}

/** Finds folders that dead processes have left with something in them. */
export class AbandonedSlots {
  readonly #parent: string;
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #lookAgainAt = new Map<string, number>();

  constructor(parent: string, storage: Storage, clock: Clock) {
    this.#parent = parent;
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Locks the next one that is not in `held`. */
  async next(held: ReadonlySet<string>): Promise<LockedSlot | undefined> {
    for (const name of await this.#storage.list(this.#parent)) {
      const path = join(this.#parent, name);
      if (slotNumber(name) === undefined || held.has(path)) continue;
      if ((this.#lookAgainAt.get(path) ?? 0) > this.#clock.now()) continue;
      if (await this.#isEmpty(path)) continue;
      const lock = await tryLock(path).catch((error: unknown) => {
        // It must not keep anybody from those behind it.
        this.passOver(path);
        throw error;
      });
      if (lock !== undefined) return { path, lock };
    }
    return undefined;
  }

  /** There is nothing in it for this process, for a while; for longer, where it is kept for backends of others. */
  passOver(path: string, { isKept = false } = {}): void {
    this.#lookAgainAt.set(path, this.#clock.now() + (isKept ? LOOK_AT_KEPT_AGAIN_MS : LOOK_AGAIN_MS));
  }

  async #isEmpty(path: string): Promise<boolean> {
    const segments = await this.#storage.list(segmentsIn(path)).catch(() => []);
    return segments.length === 0;
  }
}

async function tryLock(path: string): Promise<DirectoryLock | undefined> {
  try {
    return await DirectoryLock.acquire(path);
  } catch (error) {
    if (error instanceof DirectoryInUseError) return undefined;
    throw error;
  }
}
