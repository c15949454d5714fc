/** Permits that a job of this replica holds, until they are released: once, later words do nothing. */
export class Ticket {
  readonly weight: number;
  /** Whether Redis does not know of it. */
  readonly ofShare: boolean;
  /** When its job is aborted, in monotonic milliseconds. */
  readonly endsAtMs: number;
  #release: (() => void) | undefined;

  constructor(weight: number, endsAtMs: number, ofShare: boolean, release: () => void) {
    this.weight = weight;
    this.endsAtMs = endsAtMs;
    this.ofShare = ofShare;
    this.#release = release;
  }

  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }
}
