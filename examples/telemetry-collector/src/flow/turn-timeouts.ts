import {
  type Clock,
  type Measured,
  type Recorder,
  type StallMonitor,
  systemStalls,
  type Timeout,
  timeout,
} from '@breakwater/resilience';

/** The timeout policies of all targets: one for each length of time that a target asks for, measured as one. */
export class TurnTimeouts implements Measured {
  readonly #clock: Clock;
  readonly #stalls: StallMonitor;
  readonly #byLength = new Map<number, Timeout>();

  constructor(clock: Clock, stalls: StallMonitor = systemStalls) {
    this.#clock = clock;
    this.#stalls = stalls;
  }

  of(timeoutMs: number): Timeout {
    const known = this.#byLength.get(timeoutMs);
    if (known !== undefined) return known;
    const made = timeout({ name: 'probe', timeoutMs, clock: this.#clock, stalls: this.#stalls });
    this.#byLength.set(timeoutMs, made);
    return made;
  }

  /** They have one name: exported, the values of all add up. */
  measure(record: Recorder): void {
    for (const policy of this.#byLength.values()) policy.measure(record);
  }
}
