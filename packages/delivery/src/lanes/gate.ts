import type { Measured, Permit, Random, Recorder, Timer } from '@breakwater/resilience';
import { type CircuitBreaker, type Clock, circuitBreaker } from '@breakwater/resilience';
import type { Answer, Backend } from '../backend/backend.js';
import { publish } from '../events/events.js';
import type { Destination } from '../frames/frame.js';
import { ByteLimit } from './byte-limit.js';
import { CatchUp } from './catch-up.js';
import { DestinationHolds, destinationKey, type HeldDestination } from './destination-holds.js';
import { EpochWatch } from './epoch-watch.js';
import { Hold, type HoldAnswer, type HoldStatus } from './hold.js';
import { type Freshness, InFlight } from './in-flight.js';
import { FixedLimit, type Limit } from './limit.js';
import { type GateMember, Members } from './members.js';
import { LANE_METRICS } from './metrics.js';
import { type CheckedSettings, checkedSettings, type LaneSettings } from './settings.js';

export interface LaneGateOptions {
  readonly backend: Backend;
  readonly settings?: LaneSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** How many requests may be under way. Default: `maxInFlight`, always. */
  readonly limit?: Limit;
}

/** Leave for one request. */
export interface Leave {
  readonly destination: Destination;
  /** Which run of the backend was last seen before the request was sent. */
  readonly epoch: number | undefined;
  readonly sentMs: number;
  readonly freshness: Freshness;
  /** @internal */
  readonly permit: Permit;
  /** @internal Which hold of the backend, and of the destination, came last before it. */
  readonly generations: readonly [backend: number, destination: number];
  /** @internal Those that it probes. */
  readonly probed: readonly Hold[];
}

const VICTORIA_METRICS_HOLD_MS = 10_000;

/**
 * What every lane to one backend shares: its breaker, the requests under way, how long it wants to be left alone, how
 * large a request may be, and which run of it answers. Made once for each backend, and passed to its lanes.
 */
export class LaneGate implements Measured {
  readonly backend: Backend;
  /** @internal */
  readonly settings: CheckedSettings;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly random: Random;
  /** @internal */
  readonly catchUp: CatchUp;
  readonly #breaker: CircuitBreaker;
  readonly #limit: Limit;
  readonly #bytes: ByteLimit;
  readonly #hold = new Hold();
  readonly #destinations: DestinationHolds;
  readonly #watch: EpochWatch;
  readonly #members = new Members();
  readonly #inFlight: InFlight;
  #timer: { readonly timer: Timer; readonly dueMs: number } | undefined;

  /** @throws ConfigError for a setting that cannot be used. */
  constructor({ backend, settings = {}, clock, random, limit }: LaneGateOptions) {
    this.backend = backend;
    this.settings = checkedSettings(settings);
    this.clock = clock;
    this.random = random;
    const { maxInFlight, maxBatchBytes, maxBatchPoints, timeoutMs, catchUpPointsPerSecond } = this.settings;
    this.#destinations = new DestinationHolds(backend.id);
    this.#limit = limit ?? new FixedLimit(maxInFlight);
    this.#inFlight = new InFlight(this.#limit);
    this.#bytes = new ByteLimit(maxBatchBytes);
    this.catchUp = new CatchUp(clock, catchUpPointsPerSecond, maxBatchPoints);
    // The hold says how long; the breaker sees to it that one batch finds out whether it is over.
    this.#breaker = circuitBreaker({
      name: `delivery to ${backend.id}`,
      failureThreshold: 1,
      recoveryTimeoutMs: 1,
      successThreshold: 1,
      // A probe ends by the request's own timeout.
      probeTimeoutMs: 100 * timeoutMs,
      clock,
      random,
    });
    this.#watch = new EpochWatch({
      backend,
      clock,
      timeoutMs,
      isNeeded: () => this.#members.needsEpoch,
      isFailing: () => this.#hold.answer !== undefined,
      onObservation: (observation) => {
        this.#members.observed(observation);
        this.#members.pump();
      },
    });
  }

  /** @internal How long acknowledged frames are held; while the dialect is not known, as if they had to be. */
  get ackHoldMs(): number {
    const { dialect } = this.backend;
    const needed = dialect === undefined || dialect === 'victoria-metrics';
    return this.settings.ackHoldMs ?? (needed ? VICTORIA_METRICS_HOLD_MS : 0);
  }

  /** @internal Bytes that a request may have. */
  get maxBytes(): number {
    return this.#bytes.bytes(this.clock.now());
  }

  /** @internal Counts the holds: a lane that sees another number than before has fallen behind. */
  get generation(): number {
    return this.#hold.generation;
  }

  /** @internal */
  join(member: GateMember): Disposable {
    this.#members.add(member);
    this.#arm();
    return {
      [Symbol.dispose]: () => {
        this.#members.remove(member);
        if (!this.#members.isEmpty) return;
        this.#watch.stop();
        this.#arm();
      },
    };
  }

  /** @internal Nothing may go: the backend is left alone, or one request finds out whether it is back. */
  get isHeld(): boolean {
    return !this.#hold.admits(this.clock.now());
  }

  /** @internal Whether a request may go now, as far as the backend is concerned. */
  admits(freshness: Freshness): boolean {
    if (!this.#inFlight.hasRoom(freshness) || this.isHeld) return false;
    if (this.ackHoldMs === 0 || this.#watch.isReady) return true;
    this.#watch.wake();
    return false;
  }

  /** @internal Whether frames of the destination may be sent now. */
  admitsDestination(key: string): boolean {
    return this.#destinations.of(key)?.admits(this.clock.now()) ?? true;
  }

  /** @internal Whether nothing holds the destination, and nothing has to be found out. */
  isFree(key: string): boolean {
    return this.#destinations.of(key)?.answer === undefined;
  }

  /** @internal When the destination may be tried. */
  heldUntilMs(key: string): number {
    return this.#destinations.of(key)?.untilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** @internal Takes a place among the requests under way, for as long as it takes to send one batch. */
  enter(freshness: Freshness): Disposable {
    return this.#inFlight.enter(freshness, () => {
      this.#members.rotate();
      this.#members.pump();
    });
  }

  /** @internal Leave for one request of a batch that has entered; undefined: it is held. */
  ask(destination: Destination, freshness: Freshness): Leave | undefined {
    const nowMs = this.clock.now();
    const target = this.#destinations.of(destinationKey(destination));
    if (!this.#hold.admits(nowMs) || target?.admits(nowMs) === false) return undefined;
    const permit = this.#permit();
    if (permit === undefined) return undefined;
    const probed = [this.#hold, target].filter((hold) => hold?.answer !== undefined) as Hold[];
    for (const hold of probed) hold.probes++;
    if (this.ackHoldMs > 0) this.#watch.wake();
    return {
      destination,
      epoch: this.#watch.epoch,
      sentMs: nowMs,
      freshness,
      permit,
      generations: [this.#hold.generation, target?.generation ?? 0],
      probed,
    };
  }

  /** @internal What became of a request that had leave. */
  answered(leave: Leave, answer: Answer, points: number): void {
    const rttMs = this.clock.now() - leave.sentMs;
    for (const hold of leave.probed) hold.probes--;
    const failed = answer.kind === 'hold' && answer.scope === 'backend';
    this.#limit.answered(rttMs, failed ? 'held' : 'served');
    if (failed) {
      leave.permit.failure();
      this.#holdBackend(leave, answer);
    } else {
      leave.permit.success();
      this.#resume(leave);
      const { destination, generations } = leave;
      if (answer.kind === 'hold')
        this.#destinations.begin(destination, answer, generations[1], this.clock.now(), this.random);
      else this.#destinations.end(destination, generations[1]);
    }
    this.#members.changed(destinationKey(leave.destination));
    if (answer.kind === 'stored') {
      // Only its answer may have shown that it has to be watched, and no other request need follow.
      if (this.ackHoldMs > 0) this.#watch.wake();
      this.#watch.stored(leave.sentMs);
      this.#served(leave, rttMs, points);
    }
    this.#arm();
    this.#members.pump();
  }

  /** @internal The backend found a request of several lines too large. */
  tooLarge(bytes: number): void {
    const maxBytes = this.#bytes.tooLarge(bytes, this.clock.now());
    if (maxBytes !== undefined) publish({ type: 'lane.batch_limit', backend: this.backend.id, maxBytes });
  }

  /** @internal Why nothing is sent. */
  get hold(): HoldStatus | undefined {
    const { answer, untilMs } = this.#hold;
    return answer && { reason: answer.reason, words: answer.words, untilMs };
  }

  /** @internal Destinations for which nothing is sent, so many at most: those that have been held for the longest. */
  heldDestinations(most: number): HeldDestination[] {
    return this.#destinations.held(most);
  }

  /** What is known of the backend, whatever the slot. */
  measure(record: Recorder): void {
    const labels = { backend: this.backend.id };
    const off = this.#watch.isUnknown && this.ackHoldMs > 0;
    record(LANE_METRICS.ackHoldOff, labels, off ? 1 : 0);
    record(LANE_METRICS.heldDestinations, labels, this.#destinations.count);
    record(LANE_METRICS.inFlight, labels, this.#inFlight.count);
    record(LANE_METRICS.catchUpRate, labels, this.catchUp.rate);
    record(LANE_METRICS.batchLimit, labels, this.maxBytes);
    this.#breaker.measure(record);
  }

  #permit(): Permit | undefined {
    try {
      return this.#breaker.acquire();
    } catch {
      return undefined;
    }
  }

  #served({ freshness }: Leave, rttMs: number, points: number): void {
    if (freshness === 'fresh') this.catchUp.freshServed(rttMs, points);
    else this.catchUp.backlogServed(rttMs, points);
  }

  #holdBackend({ generations: [sentIn] }: Leave, answer: HoldAnswer): void {
    const wasHeld = this.#hold.answer !== undefined;
    const ms = this.#hold.begin(answer, sentIn, this.clock.now(), this.random);
    if (ms === undefined) return;
    this.#watch.doubt();
    // What fails while it is found out whether the backend is back says nothing about the rate.
    if (!wasHeld) this.catchUp.slowDown();
    const { reason, words } = answer;
    publish({ type: 'lane.held', backend: this.backend.id, reason, words, holdMs: ms });
  }

  #resume({ generations: [sentIn] }: Leave): void {
    if (this.#hold.end(sentIn)) publish({ type: 'lane.resumed', backend: this.backend.id });
  }

  /** Sets the timer for the first hold that will be over, while anybody waits for it. */
  #arm(): void {
    const nowMs = this.clock.now();
    for (const key of this.#destinations.forget(nowMs)) this.#members.changed(key);
    const dueMs = this.#members.isEmpty ? Number.POSITIVE_INFINITY : this.#dueMs(nowMs);
    if (dueMs === (this.#timer?.dueMs ?? Number.POSITIVE_INFINITY)) return;
    this.#timer?.timer[Symbol.dispose]();
    this.#timer = undefined;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const timer = this.clock.after(dueMs - nowMs, () => {
      this.#timer = undefined;
      this.#arm();
      this.#members.pump();
    });
    this.#timer = { timer, dueMs };
  }

  #dueMs(nowMs: number): number {
    const isHeld = this.#hold.answer !== undefined && this.#hold.untilMs > nowMs;
    return Math.min(isHeld ? this.#hold.untilMs : Number.POSITIVE_INFINITY, this.#destinations.dueMs(nowMs));
  }
}
