import { publish } from '../events/events.js';
import { inTurn } from './in-turn.js';
import type { Slot } from './slot.js';
import type { SlotSet } from './slot-set.js';
import type { AbandonedSlots, LockedSlot } from './slots.js';
import type { Tidy } from './tidy.js';
import { attempt } from './trouble.js';

export interface AdoptionOptions {
  readonly slots: SlotSet;
  readonly abandoned: Pick<AbandonedSlots, 'next' | 'passOver'>;
  readonly open: (found: LockedSlot) => Promise<Slot>;
  readonly tidy: Tidy;
}

/**
 * Takes over the folders of processes that are gone, and gives them up once nothing in them is owed. To open one is to read
 * all of its log, which takes seconds for each GiB: one at a time, and nobody waits for it.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  #underWay: Promise<unknown> | undefined;
  #isOver = false;

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  /** Looks for a folder, unless it is at that still. */
  begin(): void {
    if (this.#isOver || this.#underWay !== undefined) return;
    this.#underWay = attempt('taking over what another process has left', () => this.#adopt()).finally(() => {
      this.#underWay = undefined;
    });
  }

  /** Takes over no more. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#underWay;
  }

  /** Gives up folders in which nobody here is owed anything any more; at the end whoever ends them all does. */
  async finish(): Promise<void> {
    const { slots } = this.#options;
    if (this.#isOver) return;
    for (const slot of slots.finished) {
      slots.giveUp(slot);
      await this.#leave(slot);
      publish({ type: 'slot.finished', slot: slot.name });
    }
  }

  async #adopt(): Promise<void> {
    const { slots, abandoned, open, tidy } = this.#options;
    const found = await abandoned.next(new Set(slots.all.map(({ path }) => path)));
    if (found === undefined) return;
    const slot = await open(found).catch((error: unknown) => {
      abandoned.passOver(found.path);
      throw error;
    });
    await tidy(slot);
    if (!slot.isOwed) return this.#leave(slot);
    slots.adopt(slot);
    publish({ type: 'slot.adopted', slot: slot.name });
    slot.start();
  }

  async #leave(slot: Slot): Promise<void> {
    this.#options.abandoned.passOver(slot.path, slot);
    await attempt(`giving up ${slot.name}`, () => inTurn([() => slot.sweep({ active: true }), () => slot.close()]));
  }
}
