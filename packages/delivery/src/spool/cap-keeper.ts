import type { IntakeClosure } from '../intake/intake.js';
import { type CapsPlan, type LaneNeed, planCaps, type WhenFull } from './caps.js';
import type { SlotSet } from './slot-set.js';

const FULL_RETRY_MS = 2_000;

/** Keeps every lane to its cap, over all slots. */
export class CapKeeper {
  readonly #slots: SlotSet;
  readonly #caps: { readonly maxBytes: number; readonly whenFull: WhenFull };

  constructor(slots: SlotSet, caps: { readonly maxBytes: number; readonly whenFull: WhenFull }) {
    this.#slots = slots;
    this.#caps = caps;
  }

  /** Carries out what the caps ask for, as if so many bytes more were there. */
  enforce(incoming = 0): CapsPlan {
    const { maxBytes, whenFull } = this.#caps;
    const plan = planCaps(this.#needs(), { maxBytes, whenFull, incoming });
    const slots = new Map(this.#slots.all.map((slot) => [slot.name, slot]));
    for (const { lane, segments } of plan.expire) {
      for (const { slot, id } of segments) slots.get(slot)!.expire(lane, id, 'size');
    }
    return plan;
  }

  /** Why there is no room for so many bytes more, once room was made where it may be. */
  full(bytes: number): IntakeClosure | undefined {
    const { maxBytes } = this.#caps;
    // Far from the cap nothing has to be added up.
    if (this.#bytesInFiles() + bytes <= maxBytes) return undefined;
    if (!this.enforce(bytes).isFull) return undefined;
    const message = `every backend is owed as much as the log may hold (${maxBytes} bytes); it goes on when one of them takes points`;
    return { reason: 'log-full', message, retryAfterMs: FULL_RETRY_MS };
  }

  #bytesInFiles(): number {
    return this.#slots.all.reduce((sum, { log }) => sum + log.bytes, 0);
  }

  #needs(): LaneNeed[] {
    const needs = new Map<string, LaneNeed>();
    for (const slot of this.#slots.all) {
      for (const lane of slot.lanes) {
        const segments = [...(needs.get(lane.id)?.segments ?? []), ...slot.needsOf(lane)];
        needs.set(lane.id, { lane: lane.id, isOrphan: lane.isOrphan, segments });
      }
    }
    return [...needs.values()];
  }
}
