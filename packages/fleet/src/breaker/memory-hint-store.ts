import { type Clock, systemClock } from '@breakwater/resilience';
import { HintBoard } from './hint-board.js';
import type { HintReply, HintRequest, HintStore } from './hint-store.js';

class MemoryHintStore implements HintStore {
  readonly #clock: Clock;
  readonly #board = new HintBoard('memory');
  readonly #watchers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async sync(request: HintRequest): Promise<HintReply> {
    const { reply, news } = this.#board.sync(request, this.#clock.wall());
    if (news) for (const onChange of [...this.#watchers]) onChange();
    return reply;
  }

  watch(onChange: () => void): Disposable {
    const watcher = () => onChange();
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }
}

/** Hints between the breakers of one process. */
export function memoryHintStore({ clock = systemClock }: { readonly clock?: Clock } = {}): HintStore {
  return new MemoryHintStore(clock);
}
