import { numberOption } from '../config/option.js';
import { Alarm, Alarms } from '../core/alarms.js';
import type { Call } from '../core/call.js';
import type { Clock } from '../core/clock.js';
import { TimeoutError } from '../core/errors.js';
import { observed, publish } from '../core/events.js';
import { Layer, type Next } from '../core/layer.js';
import { type StallMonitor, systemStalls } from '../core/stalls.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { TIMEOUT_METRICS } from './metrics.js';

export interface TimeoutOptions {
  /** In errors, events and metrics. Default `timeout`. */
  name?: string;
  /** How long the rest of the pipeline may take, in milliseconds; 1 or more. */
  timeoutMs: number;
  clock?: Clock;
  /** Where a stalled event loop is looked up, so that it is not taken for a slow server. */
  stalls?: StallMonitor;
}

/** A loop that stood still for this share of the wait makes a timeout say nothing about the other side. */
export const STALLED_SHARE = 0.25;

/** Answers the caller in time and aborts the operation's signal. The operation may run on: it keeps its permits until it settles. */
export class Timeout extends Layer implements Measured {
  readonly name: string;
  readonly timeoutMs: number;
  readonly #alarms: Alarms;
  readonly #stalls: StallMonitor;
  #timedOut = 0;
  #stalled = 0;
  #runningOn = 0;

  constructor(options: TimeoutOptions) {
    super(options.clock);
    this.name = options.name ?? 'timeout';
    this.timeoutMs = numberOption(this.name, 'timeoutMs', options.timeoutMs, { min: 1 });
    this.#alarms = new Alarms(this.clock, this.timeoutMs);
    this.#stalls = options.stalls ?? systemStalls;
  }

  run(call: Call, next: Next): Promise<unknown> {
    this.#stalls.watch();
    return new Promise((resolve, reject) => {
      const wait = new Wait(this, call, resolve, reject);
      this.#alarms.set(wait);
      wait.begin(next);
    });
  }

  /** @internal */
  settled(wait: Wait): void {
    this.#alarms.cancel(wait);
  }

  /** @internal */
  expired(wait: Wait): TimeoutError {
    const stalledMs = this.#stalls.stalledSince(wait.dueMs - this.timeoutMs);
    const stalled = stalledMs >= this.timeoutMs * STALLED_SHARE;
    this.#timedOut++;
    if (stalled) this.#stalled++;
    if (observed()) publish({ type: 'timeout', policy: this.name, timeoutMs: this.timeoutMs, stalled });
    return TimeoutError.of(this.name, this.timeoutMs, stalled);
  }

  /** @internal Why a call is aborted that stood in a queue all the time: nothing ran that could have timed out. */
  late(): TimeoutError {
    return TimeoutError.of(this.name, this.timeoutMs, false);
  }

  /** @internal */
  runsOn(call: Call, running: Promise<unknown>): void {
    this.#runningOn++;
    call.runOn(running, () => this.#runningOn--);
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    record(TIMEOUT_METRICS.timeouts, { ...labels, stalled: 'no' }, this.#timedOut - this.#stalled);
    record(TIMEOUT_METRICS.timeouts, { ...labels, stalled: 'yes' }, this.#stalled);
    record(TIMEOUT_METRICS.runningOn, labels, this.#runningOn);
  }
}

/** One call that is waited for. */
class Wait extends Alarm {
  readonly #timeout: Timeout;
  readonly #call: Call;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #child: Call | undefined;
  #running: Promise<unknown> | undefined;
  #listening: Disposable | undefined;

  constructor(timeout: Timeout, call: Call, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    super();
    this.#timeout = timeout;
    this.#call = call;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(next: Next): void {
    this.#child = this.#call.child(this.dueMs);
    this.#running = next(this.#child);
    this.#running.then(
      (value) => {
        this.#settle();
        this.#resolve(value);
      },
      (error: unknown) => {
        this.#settle();
        this.#reject(error);
      },
    );
    // Only the caller's own signal: whoever else aborts from outside has answered the caller already.
    if (this.#call.options.signal !== undefined) this.#listening = this.#call.onAbort(() => this.#abandon());
  }

  #settle(): void {
    this.#timeout.settled(this);
    this.#listening?.[Symbol.dispose]();
  }

  expire(): void {
    if (this.#child!.queued) this.#child!.abort(this.#timeout.late());
    else this.#leave(this.#timeout.expired(this));
  }

  #abandon(): void {
    this.#timeout.settled(this);
    if (this.#child!.queued) this.#child!.abort(this.#call.reason);
    else this.#leave(this.#call.reason);
  }

  /** Answers although the operation runs. A call that still stands in a queue is the queue's to refuse instead. */
  #leave(error: unknown): void {
    this.#timeout.runsOn(this.#child!, this.#running!);
    this.#child!.abort(error);
    this.#reject(error);
    this.#listening?.[Symbol.dispose]();
  }
}

/** Fails a call that takes longer than `timeoutMs`. */
export function timeout(options: TimeoutOptions): Timeout {
  return new Timeout(options);
}
