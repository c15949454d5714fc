import type { Clock } from '@breakwater/resilience';
import { LOSS_MEANING, type LossReason } from './flow/loss.js';

const EVERY_MS = 10_000;

/** Writes losses to the log: the first at once, and what follows within ten seconds as one line at the next. */
export class LossLog {
  readonly #clock: Clock;
  readonly #write: (fields: object, message: string) => void;
  readonly #untold = new Map<LossReason, { lines: number; quietUntilMs: number }>();

  constructor(clock: Clock, write: (fields: object, message: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  lost(reason: LossReason, lines: number, error: unknown): void {
    const nowMs = this.#clock.now();
    const untold = this.#untold.get(reason);
    if (untold !== undefined && nowMs < untold.quietUntilMs) {
      untold.lines += lines;
      return;
    }
    const all = lines + (untold?.lines ?? 0);
    this.#untold.set(reason, { lines: 0, quietUntilMs: nowMs + EVERY_MS });
    this.#write({ reason, lines: all, err: error }, `${all} lines lost: ${LOSS_MEANING[reason]}`);
  }
}
