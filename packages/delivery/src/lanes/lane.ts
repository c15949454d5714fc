import type { Clock, Measured, Recorder, Timer } from '@breakwater/resilience';
import { type Backend, HOLD_REASONS } from '../backend/backend.js';
import type { LaneBook } from '../book/lane-book.js';
import { publish } from '../events/events.js';
import type { Frame, Gap } from '../frames/frame.js';
import type { FrameLog } from '../log/frame-log.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import { AckHold, type Observation } from './ack-hold.js';
import type { HeldDestination } from './destination-holds.js';
import { Feed, type Source } from './feed.js';
import type { LaneGate } from './gate.js';
import type { HoldStatus } from './hold.js';
import { LANE_METRICS } from './metrics.js';
import { Sender } from './sender.js';
import type { FrameWork } from './work.js';

export type { LaneSettings } from './settings.js';

export interface LaneOptions {
  /** What it shares with the other lanes to its backend. */
  readonly gate: LaneGate;
  /** The folder that the log is in, for metrics: `slot-1`. */
  readonly slot: string;
  readonly log: FrameLog;
  readonly book: LaneBook;
  readonly quarantine: Quarantine;
}

export interface LaneStatus {
  readonly backend: string;
  readonly pendingPoints: number;
  readonly heldPoints: number;
  /** How old the oldest pending frame is that waits for no held destination; 0: there is none. */
  readonly lagMs: number;
  /** How old the oldest frame is that waits for a held destination; 0: there is none. */
  readonly heldDestinationsLagMs: number;
  /** Why nothing is sent at the moment. */
  readonly hold: HoldStatus | undefined;
  /** Destinations for which nothing is sent while others go on: 20 at most, those that have been held for the longest. */
  readonly heldDestinations: readonly HeldDestination[];
}

const MOST_HELD_DESTINATIONS = 20;

// The disk failed, or does not show what was committed: it is not asked again at once.
const PAUSE_MS = 1_000;
// The book can change without the lane: frames expire.
const LOOK_MS = 1_000;

/** Brings what the log holds to one backend. */
export class Lane implements Measured {
  readonly backend: Backend;
  readonly #options: LaneOptions;
  readonly #gate: LaneGate;
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #sender: Sender;
  readonly #ackHold = new AckHold();
  /** The holds of the backend that it knows of. */
  #generation: number;
  #membership: Disposable | undefined;
  #isRunning = false;
  #reading: Promise<void> | undefined;
  #pumping = false;
  #timer: Timer | undefined;
  readonly #whenSettled = new Set<() => void>();
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: LaneOptions) {
    const { gate, log, book, quarantine } = options;
    this.#options = options;
    this.backend = gate.backend;
    this.#gate = gate;
    this.#clock = gate.clock;
    this.#generation = gate.generation;
    this.#feed = new Feed({ log, book, gate, onGap: (gap) => this.#damaged(gap) });
    this.#sender = new Sender({
      gate,
      book,
      quarantine,
      onDecided: (work) => this.#settle(work),
      onPutBack: (destination, seqs) => this.#feed.putBack(destination, seqs),
      onTrouble: (what, error) => this.#trouble(what, error),
    });
  }

  /** Begins to send. */
  start(): void {
    const lane = this;
    this.#isRunning = true;
    this.#membership ??= this.#gate.join({
      pump: () => this.#pump(),
      changed: (key) => this.#feed.changed(key),
      observed: (observation) => this.#observed(observation),
      get needsEpoch() {
        return lane.#ackHold.size > 0 || !lane.#sender.isIdle;
      },
    });
    this.#pump();
  }

  /** Frames were committed, or became pending again. */
  wake(): void {
    this.#pump();
  }

  /** The process ends: from now on nothing waits for more. */
  hurry(): void {
    this.#feed.hurry();
    this.#pump();
  }

  status(): LaneStatus {
    const { book } = this.#options;
    return {
      backend: this.backend.id,
      pendingPoints: book.pending,
      heldPoints: book.held,
      lagMs: this.#lagMs(),
      heldDestinationsLagMs: this.#heldDestinationsLagMs(),
      hold: this.#gate.hold,
      heldDestinations: this.#gate.heldDestinations(MOST_HELD_DESTINATIONS),
    };
  }

  /** Resolves when nothing is pending or held any more: true; or when the signal is aborted: false. */
  settled(signal: AbortSignal): Promise<boolean> {
    const { book } = this.#options;
    return new Promise((resolve) => {
      const look = () => {
        timer?.[Symbol.dispose]();
        const isSettled = book.pending === 0 && book.held === 0;
        if (isSettled || signal.aborted) end(isSettled);
        else timer = this.#clock.after(LOOK_MS, look);
      };
      const end = (isSettled: boolean) => {
        this.#whenSettled.delete(look);
        signal.removeEventListener('abort', look);
        resolve(isSettled);
      };
      let timer: Timer | undefined;
      this.#whenSettled.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  /** Sends nothing more, and resolves when nothing is in flight. What is held stays held. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.[Symbol.dispose]();
    await Promise.all([this.#sender.stop(), this.#reading]);
    this.#membership?.[Symbol.dispose]();
    this.#membership = undefined;
  }

  measure(record: Recorder): void {
    const labels = { backend: this.backend.id, slot: this.#options.slot };
    record(LANE_METRICS.lag, labels, this.#lagMs() / 1_000);
    record(LANE_METRICS.heldDestinationsLag, labels, this.#heldDestinationsLagMs() / 1_000);
    record(LANE_METRICS.delay, labels, this.#sender.delays);
    record(LANE_METRICS.behind, labels, this.#feed.isBehind ? 1 : 0);
    for (const [outcome, count] of this.#sender.requests) record(LANE_METRICS.requests, { ...labels, outcome }, count);
    for (const [reason, points] of this.#sender.resent) record(LANE_METRICS.resent, { ...labels, reason }, points);
    const held = this.#gate.hold?.reason;
    for (const reason of HOLD_REASONS) record(LANE_METRICS.held, { ...labels, reason }, reason === held ? 1 : 0);
  }

  /** Sends what may go now, and sees to it that it is called again when more may. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#step());
    } finally {
      this.#pumping = false;
    }
  }

  /** Returns whether there may be more to do at once. */
  #step(): boolean {
    if (!this.#isRunning || this.#reading !== undefined || this.#gate.isHeld) return false;
    if (this.#clock.now() < this.#pausedUntilMs) return this.#callIn(this.#pausedUntilMs - this.#clock.now());
    if (this.#gate.generation !== this.#generation) {
      this.#generation = this.#gate.generation;
      this.#feed.fallBehind();
      this.#sender.tidy();
    }
    const source = this.#choose();
    if (source === undefined) return false;
    const frames = this.#feed.take(source);
    if (frames !== undefined) this.#send(frames, source);
    else if (this.#feed.hasMore(source)) this.#read(source);
    return true;
  }

  /** Where the next batch comes from: what is fresh goes first. */
  #choose(): Source | undefined {
    const gate = this.#gate;
    const feed = this.#feed;
    feed.takeUp();
    if (feed.isIdle && this.#sender.isIdle) feed.lookForLost();
    if (feed.hasProbe() && gate.admits('backlog')) return 'probe';
    const freshInMs = feed.freshInMs();
    if (freshInMs === 0 && gate.admits('fresh')) return 'fresh';
    const backlogInMs = feed.hasBacklog() ? gate.catchUp.waitMs() : undefined;
    if (backlogInMs === 0 && gate.admits('backlog')) return 'backlog';
    const inMs = Math.min(freshInMs || Number.POSITIVE_INFINITY, backlogInMs || Number.POSITIVE_INFINITY);
    if (inMs !== Number.POSITIVE_INFINITY) this.#callIn(inMs);
    return undefined;
  }

  #callIn(ms: number): false {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(ms, () => this.#pump());
    return false;
  }

  #send(frames: readonly Frame[], source: Source): void {
    if (source !== 'fresh') this.#gate.catchUp.take(frames.reduce((sum, { points }) => sum + points, 0));
    this.#sender.send(frames, source === 'fresh' ? 'fresh' : 'backlog');
  }

  #read(source: Source): void {
    const read = async () => {
      try {
        if (!(await this.#feed.read(source))) this.#pausedUntilMs = this.#clock.now() + PAUSE_MS;
      } catch (error) {
        this.#trouble(`${this.#options.log.directory} cannot be read; it is tried again`, error);
      }
      this.#reading = undefined;
      this.#pump();
    };
    this.#reading = read();
  }

  #settle(work: FrameWork): void {
    const { frame, quarantined, stored } = work;
    const hold = stored !== undefined && this.#gate.ackHoldMs > 0;
    this.#options.book.settle(frame, { quarantined, hold });
    if (hold) this.#ackHold.hold(frame.seq, stored.epoch, this.#clock.now());
    for (const look of this.#whenSettled) look();
  }

  #observed(observation: Observation): void {
    const { released, rewound } = this.#ackHold.observe(observation, this.#gate.ackHoldMs);
    const { book } = this.#options;
    if (released.length > 0) book.release(released);
    for (const look of this.#whenSettled) look();
    if (rewound.length === 0) return;
    const points = book.rewind(rewound);
    this.#sender.rewind(rewound);
    this.#feed.rewind(rewound);
    publish({ type: 'lane.rewound', backend: this.backend.id, points });
  }

  #damaged(gap: Gap): void {
    const points = this.#options.book.damage(gap);
    if (points > 0) publish({ type: 'lane.damaged', backend: this.backend.id, points });
  }

  #trouble(what: string, error: unknown): void {
    this.#pausedUntilMs = this.#clock.now() + PAUSE_MS;
    publish({ type: 'trouble', what, error });
  }

  #lagMs(): number {
    const isFree = (key: string) => this.#gate.isFree(key);
    return this.#ageMs(Math.min(this.#feed.firstSeq(), this.#sender.firstSeq(isFree)));
  }

  #heldDestinationsLagMs(): number {
    const isHeld = (key: string) => !this.#gate.isFree(key);
    return this.#ageMs(Math.min(this.#feed.firstHeldSeq(), this.#sender.firstSeq(isHeld)));
  }

  #ageMs(seq: number): number {
    if (seq === Number.POSITIVE_INFINITY) return 0;
    return Math.max(0, this.#clock.wall() - this.#options.log.acceptedAtMs(seq));
  }
}
