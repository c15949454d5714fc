import { CIRCUIT_BREAKER_METRICS, CIRCUIT_STATES } from '../breaker/metrics.js';
import { Tally } from '../breaker/tally.js';
import type { Call } from '../core/call.js';
import type { Clock } from '../core/clock.js';
import { type RejectedError, type RejectionReason, TimeoutError } from '../core/errors.js';
import { type CircuitState, observed, publish } from '../core/events.js';
import { Layer, type Next } from '../core/layer.js';
import { type StallMonitor, systemStalls } from '../core/stalls.js';
import type { Verdict } from '../core/types.js';
import type { Measured, Recorder } from '../metrics/definition.js';
import { TIMEOUT_METRICS } from '../timeout/metrics.js';
import { STALLED_SHARE } from '../timeout/timeout.js';
import { checkGuest, nameOf, type OpossumBreaker, optionsOf } from './opossum-breaker.js';
import { type GuestRefusal, Ignored, type OpossumCall, Visit } from './visit.js';

export interface FromOpossumOptions {
  /** In errors, events and metrics. Default: the breaker's name. */
  name?: string;
  /** For deadlines and `retryAfterMs`. The breaker itself keeps the system's time. */
  clock?: Clock;
  /** Where a stalled event loop is looked up, so that a timeout of the breaker says whether it fell into one. */
  stalls?: StallMonitor;
}

/**
 * An opossum breaker as a policy. It decides by its own rules; what it decides is told in our errors, events and metrics.
 * A change that opossum keeps to itself (disable, enable, shutdown) is seen at the next call, or when metrics are read.
 */
export class OpossumPolicy extends Layer implements Measured {
  readonly name: string;
  /** The breaker, for what only opossum has. */
  readonly breaker: OpossumBreaker;
  readonly #stalls: StallMonitor;
  readonly #tally = new Tally();
  #queueFull = 0;
  #shutdown = 0;
  #timedOut = 0;
  #stalled = 0;
  #runningOn = 0;
  #seen: CircuitState;
  /** Undefined until it opens before our eyes: opossum does not say since when it is open. */
  #openUntilMs: number | undefined;
  /** The call that is being handed over: what the breaker refuses, it refuses at once. */
  #entering: Visit | undefined;

  constructor(breaker: OpossumBreaker, options: FromOpossumOptions = {}) {
    super(options.clock);
    checkGuest(options.name, breaker);
    this.name = options.name ?? nameOf(breaker);
    this.breaker = breaker;
    this.#stalls = options.stalls ?? systemStalls;
    this.#seen = this.state;
    this.#listen();
  }

  /** A breaker that was shut down is `isolated`: it refuses everything, by order. */
  get state(): CircuitState {
    const { breaker } = this;
    if (breaker.isShutdown) return 'isolated';
    if (!breaker.enabled) return 'disabled';
    if (breaker.opened) return 'open';
    return breaker.halfOpen ? 'half-open' : 'closed';
  }

  /** Milliseconds until an open circuit lets a probe through; 0 in every other state. Undefined where it was open before it became a policy. */
  get retryAfterMs(): number | undefined {
    if (this.state !== 'open') return 0;
    return this.#openUntilMs === undefined ? undefined : Math.max(0, this.#openUntilMs - this.clock.now());
  }

  run(call: Call, next: Next): Promise<unknown> {
    this.#notice();
    if (this.breaker.isShutdown) return Promise.reject(this.#refuse(call, 'shutdown'));
    const visit = this.#visit(call, next);
    return this.#enter(visit).then(
      (value) => {
        this.#conclude(visit);
        if (value instanceof Ignored) throw value.error;
        return value;
      },
      (error: unknown) => {
        const refused = this.#conclude(visit);
        // Any other error than its own is its fallback's.
        if (refused !== undefined) throw error === visit.refusal!.error ? refused : error;
        if (codeOf(error) !== 'ETIMEDOUT') throw error;
        if (visit.displaced) return visit.running;
        throw visit.timeout ?? error;
      },
    );
  }

  #visit(call: Call, next: Next): Visit {
    const { enabled } = this.breaker;
    const { timeout } = optionsOf(this.breaker);
    const limitMs = enabled && typeof timeout === 'number' ? timeout : 0;
    if (limitMs > 0) this.#stalls.watch();
    return new Visit(this, call, next, limitMs > 0 ? this.clock.now() : 0, limitMs, enabled);
  }

  #enter(visit: Visit): Promise<unknown> {
    // A listener of the breaker may execute something through it in between.
    const outer = this.#entering;
    this.#entering = visit;
    try {
      return this.breaker.fire(visit);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      this.#entering = outer;
    }
  }

  #listen(): void {
    const { breaker } = this;
    breaker.on('open', () => {
      this.#openUntilMs = this.clock.now() + (optionsOf(breaker).resetTimeout ?? 0);
      this.#notice();
    });
    breaker.on('halfOpen', () => this.#notice());
    breaker.on('close', () => this.#notice());
    breaker.on('reject', (error) => this.#refused({ reason: breaker.halfOpen ? 'probing' : 'open', error }));
    breaker.on('semaphoreLocked', (error) => this.#refused({ reason: 'queue-full', error }));
    breaker.on('timeout', (_error: Error, ...[, args]: unknown[]) => {
      const visit = this.#own((args as [OpossumCall])[0]);
      if (visit !== undefined) this.#leave(visit);
    });
    breaker.on('failure', (_error, _latencyMs, [call]) => {
      const visit = this.#own(call);
      if (visit !== undefined) visit.failed = true;
    });
  }

  /** The breaker may serve other policies too. */
  #own(call: OpossumCall | undefined): Visit | undefined {
    return call instanceof Visit && call.host === this ? call : undefined;
  }

  #refused(refusal: GuestRefusal): void {
    const visit = this.#entering;
    if (visit !== undefined && !visit.begun) visit.refusal ??= refusal;
  }

  /** Says and counts a change of the breaker's state. */
  #notice(): void {
    const from = this.#seen;
    const to = this.state;
    if (from === to) return;
    this.#seen = to;
    this.#tally.entered[to]++;
    if (!observed()) return;
    const retryAfterMs = to === 'open' ? this.retryAfterMs : undefined;
    publish({
      type: 'circuit_breaker.state',
      policy: this.name,
      from,
      to,
      cause: 'guest',
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  /** Counts what became of a call that the breaker has answered. Returns how to refuse it, if it was refused. */
  #conclude(visit: Visit): RejectedError | undefined {
    const { refusal } = visit;
    if (refusal !== undefined) return this.#refuse(visit.call, refusal.reason, refusal.error);
    if (visit.running === undefined) return undefined;
    // After a shutdown the breaker tells nobody of its timeouts.
    this.#leave(visit);
    if (this.breaker.isShutdown) this.#tally.late++;
    else this.#tally[verdictOf(visit)]++;
    return undefined;
  }

  #refuse(call: Call, reason: RejectionReason, cause?: Error): RejectedError {
    if (reason === 'queue-full') this.#queueFull++;
    else if (reason === 'shutdown') this.#shutdown++;
    else if (reason === 'open' || reason === 'probing') this.#tally.refused[reason]++;
    if (observed()) publish({ type: 'rejected', policy: this.name, reason });
    const retryAfterMs = reason === 'open' ? this.retryAfterMs : undefined;
    return this.rejection(call, reason, { cause, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }

  /** Aborts an operation that the breaker has given up. It may run on: it keeps the permits around it until it settles. */
  #leave(visit: Visit): void {
    const { call, limitMs, running } = visit;
    if (running === undefined || visit.verdict !== undefined || limitMs === 0 || visit.timeout !== undefined) return;
    if (call.queued || visit.displaced) {
      visit.displaced = true;
      call.abort(TimeoutError.of(this.name, limitMs, false));
      return;
    }
    const stalled = this.#stalls.stalledSince(visit.startedMs) >= limitMs * STALLED_SHARE;
    visit.timeout = TimeoutError.of(this.name, limitMs, stalled);
    this.#timedOut++;
    if (stalled) this.#stalled++;
    if (observed()) publish({ type: 'timeout', policy: this.name, timeoutMs: limitMs, stalled });
    this.#runningOn++;
    call.runOn(running, () => this.#runningOn--);
    call.abort(visit.timeout);
  }

  measure(record: Recorder): void {
    this.#notice();
    const policy = this.name;
    this.#tally.measure(record, policy, false);
    record(CIRCUIT_BREAKER_METRICS.rejections, { policy, reason: 'queue-full' }, this.#queueFull);
    record(CIRCUIT_BREAKER_METRICS.rejections, { policy, reason: 'shutdown' }, this.#shutdown);
    for (const state of CIRCUIT_STATES) {
      record(CIRCUIT_BREAKER_METRICS.state, { policy, state }, state === this.#seen ? 1 : 0);
    }
    if (!optionsOf(this.breaker).timeout) return;
    record(TIMEOUT_METRICS.timeouts, { policy, stalled: 'no' }, this.#timedOut - this.#stalled);
    record(TIMEOUT_METRICS.timeouts, { policy, stalled: 'yes' }, this.#stalled);
    record(TIMEOUT_METRICS.runningOn, { policy }, this.#runningOn);
  }
}

/** An error that the breaker's `errorFilter` let pass counts neither way, although to opossum itself it is a success. */
function verdictOf({ counted, failed, verdict = 'failure' }: Visit): Verdict {
  if (!counted) return verdict;
  if (failed) return 'failure';
  return verdict === 'success' ? 'success' : 'ignore';
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;

/**
 * Makes an opossum breaker (version 8 or later) a policy: `fromOpossum(new Opossum(opossumAction, options))`. Its refusals
 * become RejectedError (`open`, `probing`, `queue-full`, `shutdown`; opossum's error is the cause), its timeout
 * TimeoutError, and the operation's signal is aborted then.
 * @throws ConfigError when the breaker has an action of its own, or caches or coalesces.
 */
export function fromOpossum(breaker: OpossumBreaker, options?: FromOpossumOptions): OpossumPolicy {
  return new OpossumPolicy(breaker, options);
}
