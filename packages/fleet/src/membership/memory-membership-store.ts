import { type Clock, systemClock } from '@breakwater/resilience';
import { MemberBook } from './member-book.js';
import type { Beat, BeatReply, MemberList, MembershipStore } from './membership-store.js';

class MemoryMembershipStore implements MembershipStore {
  readonly #book = new MemberBook();
  readonly #listeners = new Set<(version: number | undefined) => void>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async beat(beat: Beat): Promise<BeatReply> {
    const { reply, told } = this.#book.beat(beat, Math.floor(this.#clock.wall()));
    this.#tell(told);
    return reply;
  }

  async leave(id: string, incarnation: string, stoppedAtMs: number): Promise<void> {
    this.#tell(this.#book.leave(id, incarnation, stoppedAtMs, Math.floor(this.#clock.wall())));
  }

  async read(): Promise<MemberList> {
    return { members: this.#book.members(Math.floor(this.#clock.wall())), damaged: 0 };
  }

  onChange(listener: (version: number | undefined) => void): Disposable {
    // Wrapped, so that the same function twice is two listeners.
    const own = (version: number | undefined) => listener(version);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }

  #tell(version: number | undefined): void {
    if (version === undefined) return;
    for (const listener of this.#listeners) queueMicrotask(() => listener(version));
  }
}

/** Members of one process meet here; alone in it, one is always a member, and never waits. */
export const memoryMembershipStore = ({ clock = systemClock }: { clock?: Clock } = {}): MembershipStore =>
  new MemoryMembershipStore(clock);
