import { type Hint, LINGER_MS } from './hint-store.js';

const LEAST_PATIENCE_MS = 60_000;
const MOST_PATIENCE_MS = 900_000;
const LONGEST_DELAY_MS = 1_000;
const MOST_BLAMED = 5;

/** A key that is open in the fleet, as one replica knows it. */
export class Opening {
  period = 0;
  /** How many times in a row it has opened. */
  attempts = 1;
  /** When the open time is up, here too. */
  dueMs = 0;
  /** Until when this replica may probe. */
  mineUntilMs = 0;
  /** Until when somebody else may. */
  theirsUntilMs = 0;
  endsMs = 0;
  /** The opening that probes of this replica are about, while they run. */
  probedPeriod = 0;
  /** This replica has closed its circuit: it minds only what is decided after that. */
  over = false;
  /** Named since everything was last read anew. */
  confirmed = true;
  /** When a call last found it open, and how long after the one before; undefined: none did. */
  #trafficMs: number | undefined;
  #gapMs: number | undefined;
  /** How often probes of this replica failed, or none came, since it opened: that puts it at the end of the line. */
  #blamed = 0;

  /** Learns what the store says of it. `sentMs`: when it was asked, from which leases count. */
  take(hint: Hint, me: string, sentMs: number, nowMs: number): void {
    this.period = hint.period;
    this.attempts = hint.attempts;
    this.dueMs = nowMs + hint.leftMs;
    const mine = hint.holder === me;
    this.mineUntilMs = mine ? sentMs + hint.leaseMs : 0;
    this.theirsUntilMs = mine ? 0 : nowMs + hint.leaseMs;
    this.endsMs = Math.max(this.dueMs, nowMs + hint.leaseMs) + LINGER_MS;
  }

  isMine(nowMs: number): boolean {
    return nowMs < this.mineUntilMs;
  }

  traffic(nowMs: number): void {
    const gapMs = this.#trafficMs === undefined ? undefined : nowMs - this.#trafficMs;
    // One call may ask several times.
    if (gapMs !== undefined && gapMs < 1) return;
    this.#gapMs = gapMs;
    this.#trafficMs = nowMs;
  }

  blame(): void {
    this.#blamed = Math.min(MOST_BLAMED, this.#blamed + 1);
  }

  /** Whether a call may soon come that can probe: one did not long ago, seen how often they come. */
  hasTraffic(nowMs: number): boolean {
    if (this.#trafficMs === undefined) return false;
    const patienceMs = Math.min(MOST_PATIENCE_MS, Math.max(LEAST_PATIENCE_MS, 2 * (this.#gapMs ?? 0)));
    return nowMs - this.#trafficMs <= patienceMs;
  }

  /** When it may ask for the probe lease: sooner the more calls it has, later when its probes failed. */
  asksAtMs(lineMs: number): number {
    const delayMs = Math.min(LONGEST_DELAY_MS, (this.#gapMs ?? 0) / 10);
    return Math.max(this.dueMs + delayMs + this.#blamed * lineMs, this.theirsUntilMs);
  }
}
