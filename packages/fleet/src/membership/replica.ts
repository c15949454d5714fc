import { type Clock, type Random, type Recorder, systemClock, type Timer } from '@breakwater/resilience';
import { publish } from '../events.js';
import { FleetError } from '../fleet-error.js';
import { handOver } from './handover.js';
import type { Load } from './load.js';
import type { Member, Membership, OnStanding } from './membership.js';
import type { BeatReply, MembershipStore } from './membership-store.js';
import { MembershipTally } from './membership-tally.js';
import { MEMBERSHIP_METRICS as METRICS, STANDINGS } from './metrics.js';
import { type Instant, Place, type SentBeat, type Told } from './place.js';
import { checkedId, checkedTimes, type MembershipTimes } from './settings.js';
import { OUT, type Standing } from './standing.js';

export interface MembershipOptions extends MembershipTimes {
  readonly store: MembershipStore;
  /** Its name in the fleet, `[A-Za-z0-9_.:~-]{1,128}`; the same after a restart, so that it gets its targets back. */
  readonly id: string;
  /** Whether it takes part in the sharing; otherwise it only tells its load. Default true. */
  readonly shares?: boolean;
  /** What each heartbeat tells. It must not wait for anything. */
  readonly load?: () => Load;
  readonly onStanding?: OnStanding;
  readonly clock?: Clock;
  readonly random?: Random;
}

const NOTHING: Told = { standing: OUT, version: 0, fence: -1, era: -1 };
const INCARNATION_DIGITS = 36 ** 8;

class Replica implements Membership {
  readonly #options: MembershipOptions;
  readonly #times: Required<MembershipTimes>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #tally = new MembershipTally();
  #place: Place | undefined;
  /** What its owner was told last, and whether that is still being heeded. */
  #told: Told = NOTHING;
  #handover: Promise<void> | undefined;
  /** Whether what still ends was begun under a lease that was lost: it must not take the new one for its own. */
  #isEndingLost = false;
  /** The standing that was counted and told of last. */
  #counted: Standing = OUT;
  #beating: Promise<void> | undefined;
  #timer: Timer | undefined;
  #listening: Disposable | undefined;
  /** What was wrong with the last beats, in the words that were told: they may say so many times a second. */
  #refusal: string | undefined;
  #supersededBefore = 0;
  #forgottenBefore = 0;

  constructor(options: MembershipOptions) {
    checkedId(options.id);
    this.#options = options;
    this.#times = checkedTimes(options);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get id(): string {
    return this.#place?.id ?? this.#options.id;
  }

  get standing(): Standing {
    return this.#place?.standing ?? OUT;
  }

  get ids(): readonly string[] {
    return this.#place?.ids ?? [this.id];
  }

  get holds(): boolean {
    return !this.#isEndingLost && (this.#place?.holds(this.#told, this.#now()) ?? false);
  }

  async join(): Promise<void> {
    if (this.#place === undefined) {
      const { id, shares = true } = this.#options;
      const { leaseMs, heartbeatMs } = this.#times;
      this.#place = new Place({
        id,
        incarnation: this.#incarnation(),
        leaseMs,
        heartbeatMs,
        shares,
        random: this.#random,
      });
      this.#told = NOTHING;
      if (shares) this.#listening = this.#options.store.onChange((version) => this.#hinted(version));
      this.#beating = this.#beat(this.#place);
    }
    await this.#beating;
  }

  async leave(stoppedMs: number = this.#clock.wall()): Promise<void> {
    const place = this.#place;
    if (place === undefined) return;
    const incarnation = place.incarnation;
    const stoppedAtMs = place.leave(this.#now(), stoppedMs);
    this.#listening?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#changed(place);
    // Each change takes twice the release time at most: the one that is under way, and the last.
    while (this.#handover !== undefined) await this.#handover;
    if (this.#place !== place) return;
    this.#supersededBefore += place.superseded;
    this.#forgottenBefore += place.forgotten;
    this.#place = undefined;
    await this.#withDeadline(this.#options.store.leave(place.id, incarnation, stoppedAtMs)).catch((error: unknown) =>
      publish({ type: 'trouble', what: `leaving the fleet as ${place.id}; its lease will run out`, error }),
    );
  }

  async read(): Promise<readonly Member[]> {
    const { members, damaged } = await this.#options.store.read();
    this.#tally.damagedLoads += damaged;
    return members;
  }

  measure(record: Recorder): void {
    const nowMs = this.#clock.now();
    this.#tally.measure(record);
    record(METRICS.sharers, {}, this.#options.shares === false ? 0 : this.ids.length);
    record(METRICS.presumedDead, {}, this.#place?.presumedDead ?? 0);
    for (const standing of STANDINGS) record(METRICS.standing, { standing }, this.standing.kind === standing ? 1 : 0);
    record(METRICS.aloneSeconds, {}, this.#tally.aloneSeconds(nowMs));
    record(METRICS.leaseLeft, {}, Math.max(0, (this.#place?.leaseEndMs ?? 0) - nowMs) / 1_000);
    record(METRICS.superseded, {}, this.#supersededBefore + (this.#place?.superseded ?? 0));
    record(METRICS.epochChanges, {}, this.#forgottenBefore + (this.#place?.forgotten ?? 0));
  }

  #now(): Instant {
    return { ms: this.#clock.now(), wallMs: this.#clock.wall() };
  }

  /** Sorts by the start, so that of two runs with one id the younger is known. */
  #incarnation(): string {
    const started = Math.floor(this.#clock.wall()).toString(36).padStart(9, '0');
    return `${started}-${Math.floor(this.#random() * INCARNATION_DIGITS).toString(36)}`;
  }

  async #beat(place: Place): Promise<void> {
    const sent = place.beat(this.#now(), this.#load());
    let reply: BeatReply | undefined;
    try {
      reply = await this.#withDeadline(this.#options.store.beat(sent.beat));
    } catch (error) {
      this.#tally.heartbeat('failed', 0);
      this.#failed(error as Error);
    }
    if (place !== this.#place) return;
    this.#beating = undefined;
    if (!place.isIn) return;
    if (reply === undefined) place.failed(sent, this.#now());
    else this.#replied(place, sent, reply);
    this.#changed(place);
  }

  /** That Redis is lost the link tells. What it refuses nobody else would: a foreign value, a right that is missing. */
  #failed(error: Error): void {
    if (error instanceof FleetError && error.reason !== 'refused') return;
    if (error.message !== this.#refusal) publish({ type: 'trouble', what: 'a heartbeat', error });
    this.#refusal = error.message;
  }

  #replied(place: Place, sent: SentBeat, reply: BeatReply): void {
    this.#refusal = undefined;
    const superseded = reply.superseded ? place.id : undefined;
    const forgotten = place.forgotten;
    place.replied(sent, reply, this.#now());
    this.#tally.heartbeat(reply.superseded ? 'superseded' : 'answered', this.#clock.now() - sent.at.ms);
    if (!reply.superseded) this.#tally.members = reply.members;
    if (superseded !== undefined) publish({ type: 'member.superseded', id: superseded, now: place.id });
    if (place.forgotten !== forgotten) publish({ type: 'fleet.emptied', id: place.id });
  }

  #hinted(version: number | undefined): void {
    this.#place?.hinted(version, this.#now());
    this.#arm();
  }

  /** Something was learnt, or time has passed: tells of a change, and goes on. */
  #changed(place: Place): void {
    if (place.standing !== this.#counted) {
      const before = this.#counted;
      this.#counted = place.standing;
      this.#tally.changed(place.standing.kind, this.#clock.now());
      publish({ type: 'member.standing', id: place.id, standing: place.standing, before });
    }
    if (this.#handover === undefined) {
      const told = place.told;
      if (told.standing !== this.#told.standing) this.#handOver(place, told);
      else place.released(told.standing, told, this.#now(), this.#now());
    }
    this.#arm();
  }

  #handOver(place: Place, told: Told): void {
    const { standing: before, fence } = this.#told;
    this.#isEndingLost = fence !== told.fence && before.kind !== 'out' && before.kind !== 'unsure';
    const stopped = this.#now();
    this.#told = told;
    const { onStanding = () => {} } = this.#options;
    const change = { standing: told.standing, sinceMs: place.tell() };
    const done = handOver(onStanding, change, { clock: this.#clock, timeoutMs: this.#times.releaseTimeoutMs });
    this.#handover = done.then((overdue) => {
      this.#handover = undefined;
      this.#isEndingLost = false;
      if (overdue) this.#tally.releasesOverdue++;
      if (place !== this.#place) return;
      place.released(before, told, stopped, this.#now());
      this.#changed(place);
    });
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const place = this.#place;
    if (place === undefined || !place.isIn) return;
    const beatMs = this.#beating === undefined ? place.nextBeatMs : Number.POSITIVE_INFINITY;
    const dueMs = Math.min(beatMs, place.nextLookMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => this.#due(place));
  }

  #due(place: Place): void {
    if (place !== this.#place || !place.isIn) return;
    place.look(this.#now());
    if (this.#beating === undefined && this.#clock.now() >= place.nextBeatMs) this.#beating = this.#beat(place);
    this.#changed(place);
  }

  #load(): Load | undefined {
    try {
      return this.#options.load?.();
    } catch (error) {
      publish({ type: 'trouble', what: 'measuring the load that a heartbeat tells', error });
      return undefined;
    }
  }

  /** Not even a store that never answers keeps a member waiting. */
  async #withDeadline<T>(answer: Promise<T>): Promise<T> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      const words = `the fleet's store did not answer within ${this.#times.heartbeatMs} ms`;
      timer = this.#clock.after(this.#times.heartbeatMs, () => reject(new FleetError('timeout', words)));
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer?.[Symbol.dispose]();
    }
  }
}

/**
 * A place in the fleet for this replica. Without Redis, with a store in memory, it is the only member.
 * @throws ConfigError for an option that cannot be used.
 */
export const membership = (options: MembershipOptions): Membership => new Replica(options);
