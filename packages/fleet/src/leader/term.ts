import type { Clock } from '@breakwater/resilience';
import { type Instant, isOver } from './lease-state.js';
import type { ActOutcome, TermEnd } from './metrics.js';
import type { Stamp } from './stamp.js';
import { StaleTermError } from './workload.js';

/** The time for which one candidate leads. A leader that loses the lease and gets it again has another term. */
export interface Term {
  /** The lease's name. */
  readonly name: string;
  readonly holder: string;
  /** Higher than that of every term before, through restarts of Redis with empty memory too. */
  readonly token: number;
  /** Aborted when the term ends: the lease is over by our own clock, another has it, it was resigned, or a stamp outranks it. */
  readonly signal: AbortSignal;
  /**
   * Whether the lease still lasts at this moment, by a comparison of clocks: a process that was stopped past its lease reads
   * false before any of its timers has run. It says nothing of the moment after: `fencedWorkload` does.
   */
  readonly holds: boolean;
  /** Tells it what came of an act, for its metrics; with `stale` it ends, and the next token is above that stamp's. */
  note(outcome: ActOutcome, by?: Stamp): void;
}

const ENDINGS: Record<TermEnd, string> = {
  expired: 'its lease ran out',
  taken: 'its lease is gone from the store, or another has it',
  resigned: 'it was resigned',
  stale: 'the workload carries a higher stamp',
};

/** A term as its lease drives it. */
export class LeaseTerm implements Term {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly #clock: Clock;
  readonly #noted: (outcome: ActOutcome, by: Stamp | undefined) => void;
  readonly #controller = new AbortController();
  #ends: Instant;

  constructor(
    { name, holder, token }: Pick<Term, 'name' | 'holder' | 'token'>,
    ends: Instant,
    clock: Clock,
    noted: (outcome: ActOutcome, by: Stamp | undefined) => void,
  ) {
    this.name = name;
    this.holder = holder;
    this.token = token;
    this.#ends = ends;
    this.#clock = clock;
    this.#noted = noted;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get holds(): boolean {
    const now = { ms: this.#clock.now(), wallMs: this.#clock.wall() };
    return !this.#controller.signal.aborted && !isOver(this.#ends, now);
  }

  get endsMs(): number {
    return this.#ends.ms;
  }

  extend(ends: Instant): void {
    this.#ends = ends;
  }

  end(reason: TermEnd): void {
    const words = `leader lease ${this.name}: the term with token ${this.token} is over: ${ENDINGS[reason]}`;
    this.#controller.abort(new StaleTermError(words));
  }

  note(outcome: ActOutcome, by?: Stamp): void {
    this.#noted(outcome, by);
  }
}
