import { type Intake, type IntakeClosure, IntakeError, type Offer, type RefusedReason } from '@breakwater/delivery';

/** A log in memory, which can be told to take nothing. Its account is the one of every intake. */
export class MemoryIntake implements Intake {
  readonly lanes: readonly string[];
  readonly offers: Offer[] = [];
  readonly refused = new Map<RefusedReason, number>();
  closure: IntakeClosure | undefined;
  /** What the next offers meet that came while the way in looked open. */
  readonly failures: RefusedReason[] = [];
  /** How long the disk takes. */
  disk: Promise<void> = Promise.resolve();

  constructor(lanes: readonly string[] = []) {
    this.lanes = lanes;
  }

  async accept(offer: Offer): Promise<void> {
    const points = offer.lines.reduce((sum, lines) => sum + lines.points, 0);
    const reason = this.closure?.reason ?? this.failures.shift() ?? (offer.signal?.aborted ? 'aborted' : undefined);
    if (reason !== undefined) {
      this.refuse(reason, points);
      throw new IntakeError(reason, `the log is closed: ${reason}`, { retryAfterMs: 200 });
    }
    await this.disk;
    this.offers.push(offer);
  }

  refuse(reason: RefusedReason, points: number): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + points);
  }

  close(reason: RefusedReason): void {
    this.closure = { reason, message: `the log is closed: ${reason}`, retryAfterMs: 200 };
  }

  /** Every line that it has. */
  get stored(): string[] {
    const bodies = this.offers.flatMap(({ lines }) => lines.map(({ body }) => body.toString()));
    return bodies.flatMap((body) => body.split('\n').slice(0, -1));
  }
}
