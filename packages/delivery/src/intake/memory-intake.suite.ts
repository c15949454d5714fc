import type { Destination } from '../frames/frame.js';
import { type Intake, type IntakeClosure, IntakeError, type Offer, type RefusedReason } from './intake.js';

export interface AcceptedOffer {
  readonly lines: readonly string[];
  readonly destination: Destination;
  readonly lanes: readonly string[] | undefined;
}

/** An intake that keeps what it accepts in memory, and the same account as the real one. */
export class MemoryIntake implements Intake {
  readonly lanes: readonly string[];
  readonly offers: AcceptedOffer[] = [];
  readonly refused = new Map<RefusedReason, number>();
  /** Set: the next offers are refused with it. */
  closure: IntakeClosure | undefined;
  /** Set: an offer is on disk when this has resolved. */
  disk: (() => Promise<void>) | undefined;
  acceptedPoints = 0;

  constructor(lanes: readonly string[] = []) {
    this.lanes = lanes;
  }

  /** Every accepted line. */
  get lines(): string[] {
    return this.offers.flatMap(({ lines }) => lines);
  }

  close(reason: RefusedReason, retryAfterMs = 1_000): void {
    this.closure = { reason, message: `intake is closed: ${reason}`, retryAfterMs };
  }

  open(): void {
    this.closure = undefined;
  }

  async accept({ lines, destination, lanes, signal }: Offer): Promise<void> {
    const points = lines.reduce((sum, piece) => sum + piece.points, 0);
    if (this.closure !== undefined) {
      const { reason, message, retryAfterMs } = this.closure;
      this.refuse(reason, points);
      throw new IntakeError(reason, message, { retryAfterMs });
    }
    if (signal?.aborted === true) {
      this.refuse('aborted', points);
      throw new IntakeError('aborted', 'the caller gave up');
    }
    await this.disk?.();
    // What was written is what counts, not what the caller does to its buffers afterwards.
    const texts = lines.flatMap(({ body }) => body.toString().split('\n').slice(0, -1));
    this.offers.push({ lines: texts, destination, lanes });
    this.acceptedPoints += points;
  }

  refuse(reason: RefusedReason, points: number): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + points);
  }
}
