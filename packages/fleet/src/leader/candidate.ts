import { type Clock, type Random, type Recorder, systemClock, type Timer } from '@breakwater/resilience';
import { publish } from '../events.js';
import { type LeaderLease, type LeaderLeaseOptions, readOptions } from './leader-lease.js';
import { LeaderTally } from './leader-tally.js';
import {
  answered,
  following,
  type Instant,
  type LeaseHolder,
  type LeaseState,
  type LeaseTiming,
  unanswered,
} from './lease-state.js';
import type { LeaseAnswer, LeaseStore } from './lease-store.js';
import type { ActOutcome, TermEnd } from './metrics.js';
import type { Stamp } from './stamp.js';
import { LeaseTerm, type Term } from './term.js';

/** Asks the store one thing at a time, and keeps two timers: for the next turn, and for the end of the term. */
class Candidate implements LeaderLease {
  readonly name: string;
  readonly holder: string;
  readonly #store: LeaseStore;
  readonly #timing: LeaseTiming;
  readonly #onElected: (term: Term) => void;
  readonly #onLost: (term: Term, reason: TermEnd) => void;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #tally: LeaderTally;
  #state: LeaseState = following(0);
  #term: LeaseTerm | undefined;
  /** The highest token seen, in answers and in stamps. */
  #highest = 0;
  /** The token of a lease that is ours in the store and no more here. */
  #owed: number | undefined;
  #phase: 'new' | 'running' | 'stopped' = 'new';
  #turning: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #freed = false;
  #timer: Timer | undefined;
  #alarm: Timer | undefined;
  #watching: Disposable | undefined;

  constructor(options: LeaderLeaseOptions & LeaseTiming) {
    const { store, name, id, leaseMs, renewMs } = options;
    this.name = name;
    this.#random = options.random ?? Math.random;
    this.holder = `${id}#${hex(this.#random)}${hex(this.#random)}`;
    this.#store = store;
    this.#timing = { leaseMs, renewMs };
    this.#onElected = options.onElected ?? (() => {});
    this.#onLost = options.onLost ?? (() => {});
    this.#clock = options.clock ?? systemClock;
    this.#tally = new LeaderTally(name);
  }

  get term(): Term | undefined {
    return this.#term?.holds === true ? this.#term : undefined;
  }

  get leader(): LeaseHolder | undefined {
    const { term } = this;
    if (term !== undefined) return { holder: term.holder, token: term.token };
    return this.#state.kind === 'follower' ? this.#state.leader : undefined;
  }

  async start(): Promise<void> {
    if (this.#phase === 'stopped') throw new Error(`leader lease ${this.name}: it was stopped; make a new one`);
    if (this.#phase === 'running') return this.#turning;
    this.#phase = 'running';
    this.#state = following(this.#clock.now());
    this.#watching = this.#store.watch(this.name, () => this.#hearFree());
    await this.#turn();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  measure(record: Recorder): void {
    this.#tally.measure(record, this.term !== undefined, this.#highest);
  }

  async #stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#watching?.[Symbol.dispose]();
    this.#owed = this.#term?.token;
    this.#end('resigned');
    this.#timer?.[Symbol.dispose]();
    await this.#turning;
    await this.#handBack();
  }

  /** One turn at a time: gives back what is owed, asks if it is time, and sets the timer for the next. */
  #turn(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#turning ??= this.#work().finally(() => {
      this.#turning = undefined;
      this.#schedule();
    });
    return this.#turning;
  }

  async #work(): Promise<void> {
    this.#lapse();
    await this.#handBack();
    if (this.#phase === 'running' && this.#clock.now() >= this.#state.nextMs) await this.#ask();
  }

  #schedule(): void {
    if (this.#phase !== 'running') return;
    if (this.#freed && this.#state.kind === 'follower') this.#state = unanswered(this.#state, this.#soon());
    this.#freed = false;
    const dueMs = this.#owed === undefined ? this.#state.nextMs : 0;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => void this.#turn());
  }

  async #ask(): Promise<void> {
    const sent = this.#now();
    const { name, holder } = this;
    const token = this.#term === undefined ? {} : { token: this.#term.token };
    const { leaseMs } = this.#timing;
    try {
      const answer = await this.#store.claim({ name, holder, leaseMs, above: this.#highest, ...token });
      this.#hear(answer, sent);
    } catch (error) {
      this.#tally.call('failed', error);
      this.#lapse();
      // A leader tries some times more before its lease is over; the jitter keeps contenders out of step.
      const retryMs = (this.#timing.renewMs / 5) * (0.5 + this.#random() / 2);
      this.#state = unanswered(this.#state, this.#clock.now() + retryMs);
    }
  }

  #hear(answer: LeaseAnswer, sent: Instant): void {
    this.#tally.call(answer.outcome);
    this.#tally.saw(answer.token);
    this.#highest = Math.max(this.#highest, answer.token);
    if (this.#phase !== 'running') {
      if (answer.outcome !== 'held') this.#owed = answer.token;
      return;
    }
    this.#lapse();
    const state = answered(answer, this.#timing, sent, this.#now());
    // A term that ended while the answer was under way stays ended: the next claim brings a new one.
    const isEnded = answer.outcome === 'renewed' && this.#term?.token !== answer.token;
    this.#enter(isEnded ? following(this.#clock.now()) : state);
  }

  #enter(state: LeaseState): void {
    const token = state.kind === 'leader' ? state.token : undefined;
    if (this.#term?.token !== token) this.#end('taken');
    this.#state = state;
    if (state.kind !== 'leader') return;
    if (this.#term === undefined) this.#elect(state.token, state.ends);
    else this.#term.extend(state.ends);
    this.#setAlarm();
  }

  #elect(token: number, ends: Instant): void {
    const { name, holder } = this;
    const term: LeaseTerm = new LeaseTerm({ name, holder, token }, ends, this.#clock, (outcome, by) =>
      this.#noted(term, outcome, by),
    );
    this.#term = term;
    publish({ type: 'leader.elected', lease: name, holder, token });
    this.#tell('onElected', () => this.#onElected(term));
  }

  #end(reason: TermEnd): void {
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    this.#alarm?.[Symbol.dispose]();
    term.end(reason);
    this.#tally.ended(reason);
    publish({ type: 'leader.lost', lease: this.name, holder: this.holder, token: term.token, reason });
    this.#tell('onLost', () => this.#onLost(term, reason));
  }

  #noted(term: LeaseTerm, outcome: ActOutcome, by: Stamp | undefined): void {
    this.#tally.act(outcome);
    if (outcome !== 'stale' || by === undefined) return;
    this.#highest = Math.max(this.#highest, by.token);
    publish({ type: 'leader.stale', lease: this.name, holder: this.holder, token: term.token, by });
    if (this.#term !== term) return;
    this.#end('stale');
    this.#owed = term.token;
    this.#state = following(this.#clock.now() + this.#timing.renewMs / 5);
    void this.#turn();
  }

  /** Ends a term whose time is over, whether its timer has run or not. */
  #lapse(): void {
    if (this.#term === undefined || this.#term.holds) return;
    this.#state = following(this.#clock.now());
    this.#end('expired');
  }

  #setAlarm(): void {
    this.#alarm?.[Symbol.dispose]();
    if (this.#term === undefined) return;
    this.#alarm = this.#clock.after(this.#term.endsMs - this.#clock.now(), () => {
      this.#lapse();
      if (this.#term !== undefined) this.#setAlarm();
    });
  }

  async #handBack(): Promise<void> {
    const token = this.#owed;
    if (token === undefined) return;
    this.#owed = undefined;
    try {
      await this.#store.resign({ name: this.name, holder: this.holder, token });
      this.#tally.call('resigned');
    } catch (error) {
      // It ends by itself, a lease after its last renewal.
      this.#tally.call('failed', error);
    }
  }

  #hearFree(): void {
    if (this.#phase !== 'running' || this.#state.kind !== 'follower') return;
    this.#freed = true;
    if (this.#turning === undefined) {
      this.#timer?.[Symbol.dispose]();
      this.#schedule();
    }
  }

  /** Soon, but not all contenders at the same moment, nor as often as somebody cares to publish. */
  #soon(): number {
    const nowMs = this.#clock.now();
    const soonMs = this.#timing.renewMs / 50;
    return this.#state.nextMs - nowMs <= soonMs ? this.#state.nextMs : nowMs + soonMs * this.#random();
  }

  #now(): Instant {
    return { ms: this.#clock.now(), wallMs: this.#clock.wall() };
  }

  /** A callback that throws must not end the candidacy. */
  #tell(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      publish({ type: 'trouble', what: `${what} of leader lease ${this.name} threw`, error });
    }
  }
}

/** Eight digits of chance. */
const hex = (random: Random): string =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

/**
 * A candidate for a lease, which stands from `start()` on.
 * @throws ConfigError when an option cannot be used
 */
export function leaderLease(options: LeaderLeaseOptions): LeaderLease {
  return new Candidate(readOptions(options));
}
