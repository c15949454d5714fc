import {
  type Clock,
  type Labels,
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

  measure(record: Recorder): void {
    const sums = new Map<string, { labels: Labels; value: number; definition: Parameters<Recorder>[0] }>();
    for (const policy of this.#byLength.values()) {
      policy.measure((definition, labels, value) => {
        const key = `${definition.name} ${JSON.stringify(labels)}`;
        const sum = sums.get(key) ?? { definition, labels, value: 0 };
        sum.value += value as number;
        sums.set(key, sum);
      });
    }
    for (const { definition, labels, value } of sums.values()) record(definition, labels, value);
  }
}
