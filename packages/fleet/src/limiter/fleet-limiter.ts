import { randomUUID } from 'node:crypto';
import {
  type AcquireOptions,
  type Clock,
  ConfigError,
  Histogram,
  type Measured,
  type Recorder,
  type RejectedError,
} from '@breakwater/resilience';
import { Call, Layer, type Next, numberOption } from '@breakwater/resilience/policy';
import { publish } from '../events.js';
import { bottleneckStore } from './bottleneck-store.js';
import { FleetPermit } from './fleet-permit.js';
import { type JobOptions, runJob } from './job.js';
import { MemoryLimit } from './memory-store.js';
import {
  LIMITER_METRICS,
  LIMITER_MODES,
  LIMITER_REJECTIONS,
  type LimiterMode,
  type LimiterRejection,
} from './metrics.js';
import { checkOptions, checkTerms, DEFAULT_FLEET, type FleetLimiterOptions } from './options.js';
import type { OpenStore } from './permit-store.js';
import { Permits } from './permits.js';
import type { Ticket } from './ticket.js';
import { tooHeavy, WaitingRoom } from './waiting-room.js';

/** Permits return to the fleet so much later than their job was aborted, so that it can end before. */
const GRACE_MS = 250;
const DEFAULT_QUEUE_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_QUEUE = 1_000;
const BY_HAND = () => undefined;

/** How long a replica may take to notice that Redis answers again: its link tries every second, with two calls' time to fail. */
const settleFor = (timeoutMs: number): number => 2_000 + 3 * Math.max(1_000, timeoutMs);

/**
 * Lets so many operations run at once in all replicas together; without Redis in this process. The others wait: in each
 * replica higher `priority` first, oldest first within one; among replicas whoever runs the fewest is next.
 *
 * A call is refused with `queue-full`, `queue-timeout`, `deadline`, `aborted` and `shutdown`, and never waits for longer
 * than its deadline or the queue timeout, whatever happens to Redis; `cause` says so when it waited for Redis.
 * An operation that holds its permits for `expirationMs` is aborted, and its caller gets a TimeoutError.
 */
export class FleetLimiter extends Layer implements Measured {
  readonly name: string;
  /** Whom the limit holds for. */
  readonly reach: 'fleet' | 'process';
  readonly #room: WaitingRoom;
  readonly #permits: Permits;
  readonly #job: JobOptions;
  readonly #waited = new Histogram(LIMITER_METRICS.waited.buckets);
  readonly #rejected: Record<LimiterRejection, number>;
  #expirationMs: number;
  #concurrent: number;
  #acquired = 0;
  #expired = 0;
  #runningOn = 0;
  #drained: Array<() => void> = [];
  /** Mode, and why it is closed, that were told last. */
  #told = '';

  /** @internal */
  constructor(options: FleetLimiterOptions, openStore?: OpenStore) {
    const name = options.name ?? 'fleet-limiter';
    checkOptions(name, options);
    super(options.clock);
    this.name = name;
    this.reach = options.link === undefined && openStore === undefined ? 'process' : 'fleet';
    this.#rejected = { 'queue-full': 0, 'queue-timeout': 0, deadline: 0, aborted: 0, shutdown: 0 };
    this.#expirationMs = options.expirationMs;
    this.#concurrent = options.concurrent;
    this.#room = new WaitingRoom({
      clock: this.clock,
      maxQueue: options.maxQueue ?? DEFAULT_MAX_QUEUE,
      queueTimeoutMs: options.queueTimeoutMs ?? DEFAULT_QUEUE_TIMEOUT_MS,
      refusal: (call, reason) => this.#refusal(call, reason),
      changed: () => this.#changed(),
    });
    const limiter = this;
    this.#job = {
      name,
      clock: this.clock,
      get expirationMs() {
        return limiter.#expirationMs;
      },
      expired: () => this.#expired++,
      runsOn: (change) => {
        this.#runningOn += change;
      },
    };
    const settleMs = settleFor(options.link?.timeoutMs ?? 0);
    this.#permits = new Permits(
      {
        openStore: openStore ?? storeOf(options, settleMs, this.clock),
        shared: this.reach === 'fleet',
        clock: this.clock,
        settleMs,
        graceMs: GRACE_MS,
        withShare: options.withoutRedis !== 'nothing',
        members: () => options.members?.ids.length ?? 1,
        offer: (ticket) => this.#room.offer(ticket),
        changed: () => this.#changed(),
      },
      options.concurrent,
      options.expirationMs,
    );
  }

  /** What the limit stands on now. */
  get mode(): LimiterMode {
    return this.#permits.mode;
  }

  /** Permits that there are now: in the modes `process` and `share` for this replica, else for all. */
  get permits(): number {
    return this.#permits.permits;
  }

  /** In words, what keeps callers from permits now; undefined where they are at most all taken. */
  get why(): string | undefined {
    return this.#permits.obstacle?.message;
  }

  /** Permits that this replica holds. */
  get inUse(): number {
    return this.#permits.inUse;
  }

  /** Calls of this replica that wait. */
  get queued(): number {
    return this.#room.size;
  }

  run(call: Call, next: Next): Promise<unknown> {
    return this.#enter(call).then((ticket) => runJob(this.#job, ticket, call, next));
  }

  /**
   * Waits for permits. Give them back with any word of the permit, or `using`, and at the latest when its `signal` aborts.
   * @throws RejectedError, ConfigError as `execute` does.
   */
  async acquire(options: AcquireOptions = {}): Promise<FleetPermit> {
    const call = Call.root(BY_HAND, options);
    try {
      return new FleetPermit(this.#job, await this.#enter(call));
    } finally {
      call.close();
    }
  }

  /** Asks for another limit from now on. Who has permits keeps them; the smallest that a replica asks for counts. */
  resize({ concurrent, expirationMs }: { concurrent: number; expirationMs: number }): void {
    checkTerms(this.name, concurrent, expirationMs);
    if (concurrent < this.#concurrent) this.#room.refuseHeavier(concurrent, this.name);
    this.#concurrent = concurrent;
    this.#expirationMs = expirationMs;
    this.#permits.want(concurrent, expirationMs);
    this.#changed();
  }

  /** Refuses everybody who waits and everybody who comes, with `shutdown`. Operations that run go on. */
  shutdown(): void {
    this.#room.close();
  }

  /**
   * Shuts down, waits until every permit of this replica has come back, at most `deadlineMs` milliseconds (default: however
   * long it takes), and leaves the limit to the others. Says whether all did.
   */
  async drain({ deadlineMs = Number.POSITIVE_INFINITY }: { deadlineMs?: number } = {}): Promise<boolean> {
    numberOption(this.name, 'deadlineMs', deadlineMs, { min: 0, infinite: true });
    this.shutdown();
    if (this.inUse > 0) {
      await new Promise<void>((resolve) => {
        const timer = deadlineMs === Number.POSITIVE_INFINITY ? undefined : this.clock.after(deadlineMs, resolve);
        this.#drained.push(() => {
          timer?.[Symbol.dispose]();
          resolve();
        });
      });
    }
    const all = this.inUse === 0;
    await this.#permits.end();
    this.#tell();
    return all;
  }

  measure(record: Recorder): void {
    const labels = { policy: this.name };
    const { mode } = this;
    for (const each of LIMITER_MODES) record(LIMITER_METRICS.mode, { ...labels, mode: each }, each === mode ? 1 : 0);
    record(LIMITER_METRICS.permits, labels, this.permits);
    record(LIMITER_METRICS.inUse, labels, this.inUse);
    record(LIMITER_METRICS.queued, labels, this.queued);
    record(LIMITER_METRICS.users, labels, this.#permits.users);
    record(LIMITER_METRICS.differ, labels, this.#permits.differ ? 1 : 0);
    record(LIMITER_METRICS.acquired, labels, this.#acquired);
    for (const reason of LIMITER_REJECTIONS) {
      record(LIMITER_METRICS.rejected, { ...labels, reason }, this.#rejected[reason]);
    }
    record(LIMITER_METRICS.waited, labels, this.#waited);
    record(LIMITER_METRICS.expired, labels, this.#expired);
    record(LIMITER_METRICS.runningOn, labels, this.#runningOn);
    record(LIMITER_METRICS.returned, labels, this.#permits.unused);
    record(LIMITER_METRICS.replaced, labels, this.#permits.replaced);
  }

  async #enter(call: Call): Promise<Ticket> {
    const { weight = 1, priority = 0 } = call.options;
    const { heaviest } = this.#permits;
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > heaviest) throw tooHeavy(this.name, weight, heaviest);
    if (!Number.isFinite(priority)) {
      throw new ConfigError(`${this.name}: priority is ${priority}; it must be a finite number`);
    }
    const sinceMs = this.clock.now();
    const ticket = await this.#room.enter(call, weight, priority);
    this.#acquired++;
    this.#waited.observe((this.clock.now() - sinceMs) / 1_000);
    return ticket;
  }

  #refusal(call: Call, reason: LimiterRejection): RejectedError {
    this.#rejected[reason]++;
    const cause = call.aborted && reason === 'aborted' ? call.reason : this.#permits.obstacle;
    return this.rejection(call, reason, cause === undefined ? {} : { cause });
  }

  #changed(): void {
    this.#tell();
    const { heaviest } = this.#permits;
    if (heaviest < this.#concurrent) this.#room.refuseHeavier(heaviest, this.name);
    // Of a share: of the fleet's permits it takes none.
    this.#room.serve((weight) => this.#permits.take(weight), this.#permits.permits);
    this.#permits.ask(() => this.#room.weights());
    if (this.#drained.length === 0 || this.inUse > 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const resolve of drained) resolve();
  }

  /** Says what the limit stands on when that changes, or why it is closed does. */
  #tell(): void {
    const { mode, closure, isTried, users: replicas } = this.#permits;
    const state = `${mode} ${closure}`;
    if (this.reach === 'process' || !isTried || state === this.#told) return;
    this.#told = state;
    const { name: limiter, permits, why } = this;
    publish({ type: 'limiter.mode', limiter, mode, permits, replicas, ...(why !== undefined && { why }) });
  }
}

function storeOf(options: FleetLimiterOptions, settleMs: number, clock: Clock): OpenStore {
  const { link, fleet = DEFAULT_FLEET, key } = options;
  const user = randomUUID();
  if (link === undefined) return new MemoryLimit({ clock, settleMs: 0, alone: true }).store(user);
  return bottleneckStore({ link, fleet, key, user, settleMs, clock });
}

/** Limits how many operations run at once in all replicas of a fleet. */
export function fleetLimiter(options: FleetLimiterOptions): FleetLimiter {
  return new FleetLimiter(options);
}
