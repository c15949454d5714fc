import { type Clock, Histogram, type Measured, type Recorder, systemClock } from '@breakwater/resilience';
import { telemetryMetrics as METRICS } from '../metrics.js';
import { PROBE_KINDS, type ProbeErrorCode, type ProbeKind } from '../probes/probe.js';
import { RecentRuns } from './recent-runs.js';
import { TURN_OUTCOMES, type Turn, type TurnOutcome } from './turn.js';

interface KindAccount {
  readonly outcomes: Record<TurnOutcome, number>;
  readonly errors: Map<string, number>;
  readonly durations: Histogram;
}

/** Counts every turn that fell due, by kind of probe and outcome. */
export class TurnAccount implements Measured {
  readonly #kinds: ReadonlyMap<ProbeKind, KindAccount>;
  readonly #delays = new Histogram(METRICS.delay.buckets);
  readonly #recent = new RecentRuns();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#kinds = new Map(PROBE_KINDS.map((kind) => [kind, newAccount()]));
  }

  /** Turns that passed while nobody could take them. */
  miss(kind: ProbeKind, turns: number): void {
    this.#kinds.get(kind)!.outcomes.missed += turns;
  }

  record(turn: Turn): void {
    const account = this.#kinds.get(turn.target.probe)!;
    account.outcomes[turn.outcome]++;
    if (turn.durationMs === undefined) return;
    account.durations.observe(turn.durationMs / 1_000);
    this.#delays.observe(turn.delayMs / 1_000);
    this.#recent.add(turn.durationMs, this.#clock.now());
    if (turn.error === undefined) return;
    const { code } = turn.error;
    account.errors.set(code, (account.errors.get(code) ?? 0) + 1);
  }

  /** Turns of all kinds with that outcome. */
  count(outcome: TurnOutcome): number {
    let sum = 0;
    for (const { outcomes } of this.#kinds.values()) sum += outcomes[outcome];
    return sum;
  }

  /** The 95th percentile of the runs of the last minute, in milliseconds; undefined when there was none. */
  get p95Ms(): number | undefined {
    return this.#recent.p95Ms(this.#clock.now());
  }

  measure(record: Recorder): void {
    record(METRICS.delay, {}, this.#delays);
    for (const [probe, { outcomes, errors, durations }] of this.#kinds) {
      record(METRICS.duration, { probe }, durations);
      for (const outcome of TURN_OUTCOMES) record(METRICS.probes, { probe, outcome }, outcomes[outcome]);
      for (const [code, count] of errors) record(METRICS.errors, { probe, code: code as ProbeErrorCode }, count);
    }
  }
}

function newAccount(): KindAccount {
  const outcomes = Object.fromEntries(TURN_OUTCOMES.map((outcome) => [outcome, 0])) as Record<TurnOutcome, number>;
  return { outcomes, errors: new Map(), durations: new Histogram(METRICS.duration.buckets) };
}
