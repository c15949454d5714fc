import type { CircuitState, Clock, KeyedCircuitBreaker, Measured, Recorder } from '@breakwater/resilience';
import { telemetryMetrics as METRICS, NAMED_TARGETS, TARGET_STATES } from '../metrics.js';
import { PROBE_KINDS, type Probe } from '../probes/probe.js';
import type { TargetChanges } from '../targets/changes.js';
import { Slices } from '../targets/slices.js';
import type { Target } from '../targets/target.js';
import type { Samples } from './samples.js';
import { type Due, lateness, Schedule } from './schedule.js';
import { conditionOf, statusOf, type TargetStatus } from './status.js';
import { TargetState } from './target-state.js';
import { Ticker } from './ticker.js';
import type { Turn } from './turn.js';
import type { TurnAccount } from './turn-account.js';
import { turnError } from './turn-error.js';
import type { TurnOrder, TurnRunner } from './turn-runner.js';
import { worst } from './worst.js';

export interface CollectorOptions {
  createProbe: (target: Target) => Probe;
  runner: TurnRunner;
  breaker: KeyedCircuitBreaker;
  samples: Samples;
  account: TurnAccount;
  /** Makes the lines of a turn. */
  toLines: (turn: Turn) => readonly string[];
  clock: Clock;
  /** Asked right before each turn: whether this replica may poll at this moment. While it may not, no turn begins. */
  holds?: () => boolean;
  /** Told of each target that is taken up, before its first turn. */
  onTakenUp?: (name: string) => void;
}

/** A target to take up, and the turns that are its own: those that fell due since. */
export interface TakenUp {
  readonly target: Target;
  readonly sinceMs: number;
}

/** Targets that are not polled here any more, while turns of theirs may be under way. */
export interface Release {
  /** Resolves when none is. */
  readonly over: Promise<void>;
  /** Ends those that are. */
  end(): void;
}

/** What had to be given up to stop in time. */
export interface DrainReport {
  readonly abortedTurns: number;
  readonly lostLines: number;
}

/** Turns that a request by hand has under way at once; scheduled turns go first anyway. */
const MANUAL_AT_ONCE = 20;
const MANUAL_PATIENCE_MS = 10_000;
const HANDED_OVER = 'another replica takes the target over, and the run was not over in time';
/** The part of the drain's time that is kept for the sink. */
const FLUSH_SHARE = 1 / 4;
const LONGEST_FLUSH_MS = 5_000;

/** Targets and their turns: what is due is taken, what was taken becomes samples, and all of it is counted. */
export class Collector implements Measured {
  readonly #options: CollectorOptions;
  readonly #clock: Clock;
  readonly #states = new Map<string, TargetState>();
  readonly #schedule = new Schedule<TargetState>();
  readonly #ticker: Ticker<TargetState>;
  readonly #underWay = new Set<Promise<Turn>>();
  readonly #holds: () => boolean;
  /** No turn of these begins any more; what is known of them is forgotten bit by bit. */
  readonly #releasing = new Set<string>();
  /** Released while a turn was under way: taken up again as they are if they come back before it is over. */
  readonly #leaving = new Map<string, TargetState>();
  /** Until when turns are under way of targets that were removed or changed meanwhile. */
  readonly #ending = new Map<string, Promise<void>>();
  #turnsLeft = 0;
  #drained: Promise<DrainReport> | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#holds = options.holds ?? (() => true);
    this.#ticker = new Ticker(this.#schedule, this.#clock, (due) => this.#due(due), {
      now: this.#holds,
      of: ({ name }) => !this.#releasing.has(name),
    });
  }

  get size(): number {
    return this.#states.size;
  }

  get draining(): boolean {
    return this.#drained !== undefined;
  }

  /** Turns that run or wait for a slot. */
  get underWay(): number {
    return this.#underWay.size;
  }

  has(name: string): boolean {
    return this.#states.has(name);
  }

  /** Those that are polled here. */
  *targets(): Generator<Target> {
    for (const { target } of this.#states.values()) yield target;
  }

  names(): IterableIterator<string> {
    return this.#states.keys();
  }

  /** Takes over what has changed; every other target keeps its state and its rhythm. */
  apply({ added, changed, removed }: TargetChanges): void {
    for (const { name } of [...removed, ...changed]) this.#retire(name);
    for (const { name } of removed) this.#schedule.delete(name);
    for (const target of [...added, ...changed]) {
      const state = new TargetState(target, this.#options.createProbe(target));
      this.#states.set(target.name, state);
      this.#schedule.set(state, this.#clock.wall());
    }
    this.#ticker.changed();
  }

  /** Takes up targets that were not polled here; one that is already stays as it is. */
  takeUp(targets: Iterable<TakenUp>): void {
    for (const { target, sinceMs } of targets) {
      if (this.draining) return;
      const state = this.#comingBack(target) ?? new TargetState(target, this.#options.createProbe(target));
      this.#states.set(target.name, state);
      this.#schedule.set(state, this.#clock.wall(), sinceMs);
      this.#options.onTakenUp?.(target.name);
    }
    this.#ticker.changed();
  }

  #comingBack(target: Target): TargetState | undefined {
    const { name } = target;
    this.#releasing.delete(name);
    const leaving = this.#leaving.get(name);
    if (leaving === undefined) return this.#states.get(name);
    this.#leaving.delete(name);
    if (leaving.target === target) return leaving;
    this.#end(leaving);
    return undefined;
  }

  /** Begins no more turns of these targets, which others poll from now on, and forgets in slices what it knows of them. */
  release(names: readonly string[]): Release {
    // The others take what falls due from now on.
    if (names.length > 0) this.#ticker.catchUp();
    for (const name of names) this.#releasing.add(name);
    return { over: this.#release(names), end: () => this.#endTurns(new Set(names)) };
  }

  #endTurns(names: ReadonlySet<string>): void {
    const isLeaving = (state: TargetState) =>
      names.has(state.name) && (this.#releasing.has(state.name) || this.#states.get(state.name) !== state);
    this.#options.runner.end(isLeaving, HANDED_OVER);
  }

  async #release(names: readonly string[]): Promise<void> {
    const turns: Array<Promise<unknown> | undefined> = [];
    const slices = new Slices();
    for (const name of names) {
      // It may have come back, and be this replica's own again.
      if (!this.#releasing.delete(name)) continue;
      const state = this.#states.get(name);
      turns.push(state?.turn, this.#ending.get(name));
      // Whoever drains begins no turn anyway, and is asked how its targets were until the end.
      if (state !== undefined && !this.draining) this.#letGo(state);
      if (slices.due) await slices.rest();
    }
    await Promise.all(turns);
  }

  #letGo(state: TargetState): void {
    const { name, turn } = state;
    this.#turnsLeft += this.#schedule.release(name, this.#clock.wall());
    this.#states.delete(name);
    if (turn === undefined) {
      this.#forget(state);
      return;
    }
    this.#leaving.set(name, state);
    void turn.then(() => {
      if (this.#leaving.get(name) !== state) return;
      this.#leaving.delete(name);
      this.#forget(state);
    });
  }

  /** A target that comes back is not to meet what its circuit knew before. */
  #forget(state: TargetState): void {
    const { breaker } = this.#options;
    const condition = conditionOf(state, breaker.state(state.name));
    if (condition === 'open' || condition === 'failing') breaker.reset(state.name);
    void state.probe.close?.();
  }

  /** Forgets a target, but for its place in the schedule: a successor takes that over. */
  #retire(name: string): void {
    const state = this.#states.get(name);
    if (state === undefined) return;
    this.#states.delete(name);
    this.#end(state);
  }

  /** Of a target that is no more, or is another now: its probe is closed when its turn is over. */
  #end(state: TargetState): void {
    const { name, turn, probe } = state;
    // What the circuit knows is about that one.
    this.#options.breaker.reset(name);
    const ended = Promise.all([turn, this.#ending.get(name)]).then(() => {
      if (this.#ending.get(name) === ended) this.#ending.delete(name);
      void probe.close?.();
    });
    this.#ending.set(name, ended);
  }

  start(): void {
    this.#ticker.start();
  }

  #due({ item: state, instantMs, missed }: Due<TargetState>): void {
    if (missed > 0) {
      state.miss(missed);
      this.#options.account.miss(state.target.probe, missed);
    }
    if (instantMs === undefined) return;
    if (state.running) this.#over(state, this.#overlap(state, instantMs));
    else void this.#take(state, { instantMs, patienceMs: lateness(state.intervalMs), mayBegin: this.#holds });
  }

  #take(state: TargetState, order: TurnOrder): Promise<Turn> {
    const turn = this.#options.runner.run(state, order).then((over) => {
      this.#underWay.delete(turn);
      if (state.turn === turn) state.turn = undefined;
      this.#over(state, over);
      return over;
    });
    this.#underWay.add(turn);
    state.turn = turn;
    return turn;
  }

  #over(state: TargetState, turn: Turn): void {
    state.record(turn);
    this.#options.account.record(turn);
    const { samples, toLines } = this.#options;
    let lines: readonly string[];
    try {
      lines = toLines(turn);
    } catch (error) {
      samples.lose('invalid', turn.readings.length + 1, error);
      return;
    }
    void samples.add({ probe: turn.target.probe, lines });
  }

  #overlap(state: TargetState, instantMs: number): Turn {
    return {
      target: state.target,
      instantMs,
      outcome: 'overlap',
      delayMs: 0,
      durationMs: undefined,
      error: turnError('overlap', 'its last turn was still running'),
      readings: [],
      stalledMs: 0,
    };
  }

  /**
   * Measures the named targets now, a few at once, and says how each turn ended, in the order of the names. A target
   * whose turn is under way is not measured twice: that turn's end is the answer. Unknown names are left out.
   */
  async collect(names: Iterable<string>): Promise<Turn[]> {
    const queue = names[Symbol.iterator]();
    const turns: Turn[] = [];
    let asked = 0;
    const work = async () => {
      for (let next = queue.next(); !next.done && !this.draining; next = queue.next()) {
        const state = this.#states.get(next.value);
        if (state === undefined || this.#releasing.has(state.name)) continue;
        const place = asked++;
        turns[place] = await (state.turn ?? this.#takeNow(state));
      }
    };
    await Promise.all(Array.from({ length: MANUAL_AT_ONCE }, work));
    return turns;
  }

  #takeNow(state: TargetState): Promise<Turn> | Turn {
    const instantMs = Math.floor(this.#clock.wall());
    // Its turn is over, but its probe has not settled yet.
    if (state.running) return this.#overlap(state, instantMs);
    const patienceMs = MANUAL_PATIENCE_MS;
    return this.#take(state, { instantMs, patienceMs, manual: true, mayBegin: this.#holds });
  }

  /** Closes the target's circuit, whatever was, and says in which state it is. */
  resetBreaker(name: string): CircuitState {
    this.#options.breaker.reset(name);
    return this.#options.breaker.state(name);
  }

  /** Every target's status, in the order of the targets file. */
  *status(): Generator<TargetStatus> {
    for (const name of this.#states.keys()) yield this.statusOf(name)!;
  }

  /** One target's status; undefined when it is not polled here. */
  statusOf(name: string): TargetStatus | undefined {
    const state = this.#states.get(name);
    return state && statusOf(state, this.#options.breaker.state(name), this.#nextOf(state));
  }

  #nextOf(state: TargetState): number | undefined {
    return this.draining ? undefined : this.#schedule.nextOf(state.name);
  }

  /**
   * Begins no more runs, lets those under way finish, and writes what was sampled, within `timeoutMs`. What cannot be
   * finished by then is ended, and reported. `onTurnsOver` is called as soon as nothing runs any more, and told the
   * wall-clock instant up to which every turn was taken. Later calls wait for the first.
   */
  drain(timeoutMs: number, onTurnsOver: (stoppedMs: number) => void = () => {}): Promise<DrainReport> {
    this.#drained ??= this.#drain(timeoutMs, onTurnsOver);
    return this.#drained;
  }

  async #drain(timeoutMs: number, onTurnsOver: (stoppedMs: number) => void): Promise<DrainReport> {
    const { runner, samples, account } = this.#options;
    const wallMs = this.#clock.wall();
    this.#ticker.catchUp();
    this.#ticker.stop();
    // What waited in vain is somebody else's too, and polled twice rather than not at all what fell due after it.
    const stoppedMs = Math.min(wallMs, runner.dismiss() - 1);
    const deadlineMs = this.#clock.now() + timeoutMs;
    const flushMs = Math.min(LONGEST_FLUSH_MS, timeoutMs * FLUSH_SHARE);
    const abortedBefore = account.count('aborted');
    const lostBefore = sum(samples.lost.values());
    await this.#turnsOver(timeoutMs - flushMs, () => runner.stop());
    onTurnsOver(stoppedMs);
    await samples.drain(Math.max(flushMs, deadlineMs - this.#clock.now()));
    await Promise.all([...this.#states.values()].map(({ probe }) => probe.close?.()));
    return {
      abortedTurns: account.count('aborted') - abortedBefore,
      lostLines: sum(samples.lost.values()) - lostBefore,
    };
  }

  async #turnsOver(timeoutMs: number, giveUp: () => void): Promise<void> {
    const limit = this.#clock.after(timeoutMs, giveUp);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    limit[Symbol.dispose]();
  }

  measure(record: Recorder): void {
    const { breaker } = this.#options;
    record(METRICS.turnsLeft, {}, this.#turnsLeft);
    const counts = new Map(PROBE_KINDS.map((probe) => [probe, new Map(TARGET_STATES.map((each) => [each, 0]))]));
    for (const state of this.#states.values()) {
      const byState = counts.get(state.target.probe)!;
      const condition = conditionOf(state, breaker.state(state.name));
      byState.set(condition, byState.get(condition)! + 1);
    }
    for (const [probe, byState] of counts) {
      for (const [state, count] of byState) record(METRICS.targets, { probe, state }, count);
    }
    for (const { name, target, p95Ms } of worst(this.#states.values(), NAMED_TARGETS, (state) => state.p95Ms)) {
      record(METRICS.slowest, { target: name, probe: target.probe }, p95Ms! / 1_000);
    }
  }
}

const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
};
