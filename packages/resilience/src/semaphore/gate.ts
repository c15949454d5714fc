import { numberOption } from '../config/option.js';
import { Alarms } from '../core/alarms.js';
import { Call } from '../core/call.js';
import type { Clock } from '../core/clock.js';
import { DueAlarms } from '../core/due-alarms.js';
import { ConfigError, type RejectedError } from '../core/errors.js';
import { observed, publish } from '../core/events.js';
import { Layer, type Next } from '../core/layer.js';
import type { Options, Permit } from '../core/types.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { Histogram } from '../metrics/histogram.js';
import type { Admission } from './admission.js';
import { HeldPermit } from './held-permit.js';
import { SEMAPHORE_METRICS, SEMAPHORE_REJECTIONS, type SemaphoreRejection } from './metrics.js';
import { WaitAlarm, Waiter } from './waiter.js';

export interface GateOptions {
  /** Default `semaphore`. */
  name?: string;
  /** How long a call may wait, in milliseconds; then it is refused with `queue-timeout`. Default: as long as its deadline allows. */
  queueTimeoutMs?: number;
  clock?: Clock;
}

/** What a call by hand may say. */
export type AcquireOptions = Pick<Options, 'signal' | 'deadline' | 'key' | 'priority' | 'weight'>;

/** One wait in so many is timed: reading the clock costs as much as the rest of queueing. */
const TIMED = 8;
const BY_HAND = () => undefined;

/** What semaphores share around their pure core: waiting, refusing, permits by hand, metrics. */
export abstract class Gate extends Layer implements Measured {
  readonly name: string;
  readonly #admission: Admission;
  readonly #timeouts: Alarms | undefined;
  readonly #deadlines: DueAlarms;
  readonly #waited = new Histogram(SEMAPHORE_METRICS.waited.buckets);
  readonly #rejected: Record<SemaphoreRejection, number>;
  #acquired = 0;
  #enqueued = 0;
  #closed = false;
  #drained: Array<() => void> = [];

  /** @internal */
  constructor(name: string, options: GateOptions, admission: Admission) {
    super(options.clock);
    this.name = name;
    this.#admission = admission;
    if (options.queueTimeoutMs !== undefined) {
      const delayMs = numberOption(name, 'queueTimeoutMs', options.queueTimeoutMs, { min: 0 });
      this.#timeouts = new Alarms(this.clock, delayMs);
    }
    this.#deadlines = new DueAlarms(this.clock);
    this.#rejected = { 'queue-full': 0, 'queue-timeout': 0, deadline: 0, aborted: 0, shutdown: 0 };
  }

  /** Permits that are taken. After the limit shrank they may be more than there are. */
  get inUse(): number {
    return this.#admission.inUse;
  }

  /** Calls that wait. */
  get queued(): number {
    return this.#admission.queued;
  }

  run(call: Call, next: Next): Promise<unknown> {
    const { weight = 1, priority = 0, key } = call.options;
    if (this.#take(weight, priority, key)) return this.#hold(call, next, weight, key);
    // What follows runs in a microtask of its own, and so in the caller's async context, not in that of who gave back.
    return this.#turn(call, weight, priority).then((refusal) => {
      this.#arrive(call, weight, refusal);
      return this.#hold(call, next, weight, key);
    });
  }

  /**
   * Waits for permits. Give them back with any word of the permit, or `using`.
   * @throws RejectedError `queue-full`, `queue-timeout`, `deadline`, `aborted` or `shutdown`; ConfigError for a weight
   * that can never be granted, and other options that make no sense.
   */
  async acquire(options: AcquireOptions = {}): Promise<Permit> {
    const call = Call.root(BY_HAND, options);
    const { weight = 1, priority = 0, key } = options;
    const late = this.#late(call);
    if (late !== undefined) throw this.#refusal(call, late);
    if (this.#take(weight, priority, key)) return this.#permit(weight, key);
    const refusal = await this.#turn(call, weight, priority);
    call.close();
    this.#arrive(call, weight, refusal);
    return this.#permit(weight, key);
  }

  /**
   * Takes permits if they are free and nobody who comes first waits for them; undefined if not, and after `shutdown`.
   * @throws ConfigError as `acquire` does.
   */
  tryAcquire(options: AcquireOptions = {}): Permit | undefined {
    const { weight = 1, priority = 0, key } = options;
    if (this.#take(weight, priority, key)) return this.#permit(weight, key);
    const mistake = this.mistake(options);
    if (mistake !== undefined) throw mistake;
    return undefined;
  }

  /** Refuses everybody who waits and everybody who comes, with `shutdown`. Operations that run go on. */
  shutdown(): void {
    this.#closed = true;
    const waiters = this.#admission.waiting() as Waiter[];
    // All are out before the first is told of: who hears of one may abort others.
    for (const waiter of waiters) this.#leave(waiter);
    for (const waiter of waiters) waiter.settle(this.#refusal(waiter.call, 'shutdown'));
    this.#lookForDrained();
  }

  /**
   * Shuts down, and waits until every permit has come back, at most `deadlineMs` milliseconds (default: however long it
   * takes). Says whether all did.
   */
  async drain({ deadlineMs = Number.POSITIVE_INFINITY }: { deadlineMs?: number } = {}): Promise<boolean> {
    numberOption(this.name, 'deadlineMs', deadlineMs, { min: 0, infinite: true });
    this.shutdown();
    if (this.inUse === 0) return true;
    await new Promise<void>((resolve) => {
      const timer = deadlineMs === Number.POSITIVE_INFINITY ? undefined : this.clock.after(deadlineMs, resolve);
      this.#drained.push(() => {
        timer?.[Symbol.dispose]();
        resolve();
      });
    });
    return this.inUse === 0;
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    record(SEMAPHORE_METRICS.inUse, labels, this.inUse);
    record(SEMAPHORE_METRICS.queued, labels, this.queued);
    record(SEMAPHORE_METRICS.acquired, labels, this.#acquired);
    for (const reason of SEMAPHORE_REJECTIONS) {
      record(SEMAPHORE_METRICS.rejected, { ...labels, reason }, this.#rejected[reason]);
    }
    record(SEMAPHORE_METRICS.waited, labels, this.#waited);
  }

  /** What is wrong with what a call says, if anything. */
  protected mistake({ weight = 1, priority = 0 }: AcquireOptions): ConfigError | undefined {
    const { heaviest } = this.#admission;
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > heaviest) {
      return new ConfigError(
        `${this.name}: weight is ${weight}; it must be a whole number from 1 to ${heaviest}, the permits there are`,
      );
    }
    if (Number.isFinite(priority)) return undefined;
    return new ConfigError(`${this.name}: priority is ${priority}; it must be a finite number`);
  }

  /** To be called when a limit has changed: grants what fits now, refuses what can never fit. */
  protected limitChanged(): void {
    for (const waiter of this.#admission.waiting() as Waiter[]) {
      const mistake = this.mistake(waiter.call.options);
      if (mistake === undefined) continue;
      this.#leave(waiter);
      waiter.settle(mistake);
    }
    this.#dispatch();
  }

  #take(weight: number, priority: number, key: string | undefined): boolean {
    // Comparisons that NaN fails, so that only whole numbers and finite priorities get in here.
    if (this.#closed || !(weight >= 1 && weight % 1 === 0 && priority - priority === 0)) return false;
    if (!this.#admission.take(weight, priority, key)) return false;
    this.#acquired++;
    // A newcomer that passed the first of its key may have put that out of the turn: then others may be next.
    if (this.#admission.queued > 0) this.#dispatch();
    return true;
  }

  /** Runs the rest with permits, and gives them back when no operation of the call runs any more: also after its timeout. */
  #hold(call: Call, next: Next, weight: number, key: string | undefined): Promise<unknown> {
    const running = next(call);
    const settled = () => {
      if (call.runningOn === 0) this.#give(weight, key);
      else call.whenQuiet(() => this.#give(weight, key));
    };
    running.then(settled, settled);
    return running;
  }

  #permit(weight: number, key: string | undefined): Permit {
    return new HeldPermit(() => this.#give(weight, key));
  }

  #give(weight: number, key: string | undefined): void {
    this.#admission.give(weight, key);
    this.#dispatch();
    this.#lookForDrained();
  }

  #lookForDrained(): void {
    if (this.#drained.length === 0 || this.inUse > 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }

  /** Waits until the permits are there, or an error says why they never will be. */
  #turn(call: Call, weight: number, priority: number): Promise<Error | undefined> {
    call.enterQueue();
    const refusal = this.mistake(call.options) ?? this.#refusalAtOnce(call);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((settle) => this.#enqueue(new Waiter(call, weight, priority, settle)));
  }

  /** After the turn: goes on with permits, or throws. */
  #arrive(call: Call, weight: number, refusal: Error | undefined): void {
    call.leaveQueue();
    if (refusal !== undefined) throw refusal;
    if (!call.aborted) return;
    // Aborted between the grant and now: the permits are ours, and nothing else gives them back.
    this.#give(weight, call.options.key);
    throw this.#refusal(call, call.ending);
  }

  #refusalAtOnce(call: Call): RejectedError | undefined {
    const reason = this.#closed ? 'shutdown' : (this.#late(call) ?? this.#full(call));
    return reason === undefined ? undefined : this.#refusal(call, reason);
  }

  /** Why a call is over before it waits. */
  #late(call: Call): SemaphoreRejection | undefined {
    if (call.aborted) return call.ending;
    return call.deadline !== Number.POSITIVE_INFINITY && call.deadline <= this.clock.now() ? 'deadline' : undefined;
  }

  #full(call: Call): SemaphoreRejection | undefined {
    return this.#admission.hasRoom(call.options.key) ? undefined : 'queue-full';
  }

  #enqueue(waiter: Waiter): void {
    this.#admission.enqueue(waiter);
    const { call } = waiter;
    if (this.#enqueued++ % TIMED === 0) waiter.sinceMs = this.clock.now();
    if (!this.#armDeadline(waiter, call.deadline) && this.#timeouts !== undefined) {
      waiter.alarm = new WaitAlarm(() => this.#refuse(waiter, 'queue-timeout'));
      this.#timeouts.set(waiter.alarm);
    }
    if (call.abortable) waiter.listening = call.onAbort(() => this.#refuse(waiter, call.ending));
    // As above: one that waits for its key's own permits may stand before one that held up the other keys.
    this.#dispatch();
  }

  /** Sets an alarm for the deadline, unless the queue timeout comes before it. */
  #armDeadline(waiter: Waiter, deadline: number): boolean {
    if (deadline === Number.POSITIVE_INFINITY) return false;
    if (this.#timeouts !== undefined && this.clock.now() + this.#timeouts.delayMs < deadline) return false;
    waiter.alarm = new WaitAlarm(() => this.#refuse(waiter, 'deadline'));
    this.#deadlines.set(waiter.alarm, deadline);
    return true;
  }

  #dispatch(): void {
    if (this.#closed) return;
    for (let request = this.#admission.next(); request !== undefined; request = this.#admission.next()) {
      const waiter = request as Waiter;
      this.#disarm(waiter);
      this.#acquired++;
      if (waiter.sinceMs !== undefined) this.#waited.observe((this.clock.now() - waiter.sinceMs) / 1000);
      waiter.settle(undefined);
    }
  }

  /** Ends a wait without permits. Those behind it may fit where it did not. */
  #refuse(waiter: Waiter, reason: SemaphoreRejection): void {
    this.#leave(waiter);
    this.#dispatch();
    waiter.settle(this.#refusal(waiter.call, reason));
  }

  #leave(waiter: Waiter): void {
    this.#admission.remove(waiter);
    this.#disarm(waiter);
  }

  #disarm(waiter: Waiter): void {
    waiter.listening?.[Symbol.dispose]();
    if (waiter.alarm === undefined) return;
    this.#deadlines.cancel(waiter.alarm);
    this.#timeouts?.cancel(waiter.alarm);
  }

  #refusal(call: Call, reason: SemaphoreRejection): RejectedError {
    this.#rejected[reason]++;
    if (observed()) {
      const { key } = call.options;
      publish({ type: 'rejected', policy: this.name, ...(key !== undefined && { key }), reason });
    }
    return this.rejection(call, reason, call.aborted ? { cause: call.reason } : undefined);
  }
}
