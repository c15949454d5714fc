import type { Recorder } from '@breakwater/resilience';
import { publish } from '../events.js';
import {
  ACT_OUTCOMES,
  type ActOutcome,
  LEADER_METRICS,
  LEASE_CALLS,
  type LeaseCall,
  TERM_ENDS,
  type TermEnd,
} from './metrics.js';

/** What a candidate has seen and done, counted. */
export class LeaderTally {
  readonly #lease: string;
  readonly #calls = new Map<LeaseCall, number>();
  readonly #ends = new Map<TermEnd, number>();
  readonly #acts = new Map<ActOutcome, number>();
  #changes = 0;
  #token: number | undefined;
  #failing = false;

  constructor(lease: string) {
    this.#lease = lease;
  }

  /** The first of several failures is told as an event too. */
  call(outcome: LeaseCall, error?: unknown): void {
    bump(this.#calls, outcome);
    const failed = outcome === 'failed';
    if (failed && !this.#failing)
      publish({ type: 'trouble', what: `leader lease ${this.#lease} is not answered`, error });
    this.#failing = failed;
  }

  /** The token of whoever leads. */
  saw(token: number): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#changes++;
  }

  ended(reason: TermEnd): void {
    bump(this.#ends, reason);
  }

  act(outcome: ActOutcome): void {
    bump(this.#acts, outcome);
  }

  measure(record: Recorder, leads: boolean, highest: number): void {
    const lease = this.#lease;
    record(LEADER_METRICS.leader, { lease }, leads ? 1 : 0);
    record(LEADER_METRICS.token, { lease }, highest);
    record(LEADER_METRICS.changes, { lease }, this.#changes);
    for (const reason of TERM_ENDS) record(LEADER_METRICS.ended, { lease, reason }, this.#ends.get(reason) ?? 0);
    for (const outcome of LEASE_CALLS) record(LEADER_METRICS.calls, { lease, outcome }, this.#calls.get(outcome) ?? 0);
    for (const outcome of ACT_OUTCOMES) record(LEADER_METRICS.acts, { lease, outcome }, this.#acts.get(outcome) ?? 0);
  }
}

const bump = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
