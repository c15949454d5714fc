import type { Clock, Timer } from '@breakwater/resilience';
import type { Adoption } from './adoption.js';
import type { CapKeeper } from './cap-keeper.js';
import type { SlotSet } from './slot-set.js';
import type { Tidy } from './tidy.js';
import { attempt } from './trouble.js';

const TEND_MS = 250;
/** Orphans, age and abandoned folders are looked after once in so many rounds. */
const SELDOM = 40;

export interface TendingOptions {
  readonly slots: SlotSet;
  readonly caps: Pick<CapKeeper, 'enforce'>;
  readonly intake: { look(): void };
  readonly adoption: Pick<Adoption, 'begin' | 'finish'>;
  readonly tidy: Tidy;
  readonly clock: Clock;
}

/** Looks after the slots, round after round. */
export class Tending {
  readonly #options: TendingOptions;
  #timer: Timer | undefined;
  #underWay: Promise<unknown> = Promise.resolve();
  #round = 0;
  #isOver = false;

  constructor(options: TendingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(TEND_MS, () => {
      this.#underWay = attempt('tending the log', () => this.#tend());
      void this.#underWay.then(() => this.#isOver || this.start());
    });
  }

  /** Resolves when the round that is under way is over. */
  async settled(): Promise<void> {
    await this.#underWay;
  }

  /** Begins no other round. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    await this.settled();
  }

  /** Expire, put the books on disk, delete what nobody needs; now and then look for what others left. */
  async #tend(): Promise<void> {
    const { slots, caps, intake, adoption, tidy } = this.#options;
    const isSeldom = this.#round++ % SELDOM === 0;
    if (isSeldom) for (const slot of slots.all) await tidy(slot);
    caps.enforce();
    intake.look();
    for (const slot of slots.all) {
      // A folder that cannot be written must not keep the others from it.
      await attempt(`looking after ${slot.name}`, async () => {
        await slot.keep();
        await slot.sweep({ active: slot.log.closure === 'disk-full' });
      });
    }
    await slots.own.knock();
    await adoption.finish();
    if (isSeldom) adoption.begin();
  }
}
