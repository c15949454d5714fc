import type { Random } from '@breakwater/resilience';
import type { Load } from './load.js';
import type { Admitted, Beat, BeatReply } from './membership-store.js';
import { type Kept, keptOf, newcomers, OUT, type Standing, sameStanding } from './standing.js';
import { StoreClock } from './store-clock.js';
import { View } from './view.js';

/** One moment on both of this machine's clocks. */
export interface Instant {
  /** Monotonic. */
  readonly ms: number;
  /** Since the epoch. */
  readonly wallMs: number;
}

/** A heartbeat that was sent, and when: the lease that it brings counts from then. */
export interface SentBeat {
  readonly beat: Beat;
  readonly at: Instant;
}

export interface PlaceOptions {
  readonly id: string;
  readonly incarnation: string;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly shares: boolean;
  readonly random: Random;
}

/** What its owner is told, and when that stops to be true whatever comes: see `Place.holds`. */
export interface Told {
  readonly standing: Standing;
  readonly version: number;
  /** @internal */
  readonly fence: number;
  /** @internal */
  readonly era: number;
}

/** Clocks of two machines differ in speed by less than this share; the local lease is shorter by as much. */
const DRIFT = 0.01;
const LEAST_WAIT_MS = 10;
const SUFFIX_DIGITS = 36 ** 4;
const LONGEST_BASE = 123;

/**
 * A member's own account of its place in the fleet, without a clock, a timer or a call of its own: it is told what was
 * sent, answered and failed, and what time it is; it says where it stands, and when it wants to beat or look again.
 */
export class Place {
  id: string;
  standing: Standing = OUT;
  /** From which wall-clock instant on what the standing gained is its own. */
  sinceMs = 0;
  /** When its lease is over, on the monotonic clock. */
  leaseEndMs: number = Number.NEGATIVE_INFINITY;
  /** The same on the wall clock, which goes on while a machine is suspended. */
  #leaseEndWallMs: number = Number.NEGATIVE_INFINITY;
  nextBeatMs: number = Number.NEGATIVE_INFINITY;
  superseded = 0;
  /** How often the store had forgotten something. */
  forgotten = 0;
  readonly #options: PlaceOptions;
  readonly #leaseMs: number;
  #view: View;
  #sequence = 0;
  #epoch = '';
  #version = 0;
  #joined = 0;
  #joinedWallMs = 0;
  /** Whether everybody knew of it at some time since it joined: what it wins since then is nobody else's. */
  #passed = false;
  #kept: Kept = 'nothing';
  #applied = 0;
  #stoppedAtMs = 0;
  #toldLeaseEndMs = 0;
  readonly #store = new StoreClock();
  #failedMs: number | undefined;
  /** Of the members whose leases end first, on the monotonic clock, as last known. */
  #leaseEnds: readonly { readonly id: string; readonly ms: number }[] = [];
  #lostWallMs = 0;
  #hintedMs: number = Number.NEGATIVE_INFINITY;
  /** Whether its owner was told of the present standing. */
  #isTold = true;
  #left = false;
  #fence = 0;
  #era = 0;

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs * (1 - DRIFT);
    this.id = options.id;
    this.#view = new View(options.id);
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  /** Whether it has not left. */
  get isIn(): boolean {
    return !this.#left;
  }

  get ids(): readonly string[] {
    return this.#view.ids;
  }

  /** What to tell of the present standing. */
  get told(): Told {
    return { standing: this.standing, version: this.#version, fence: this.#fence, era: this.#era };
  }

  /** Its owner is being told of the present standing. @returns from which instant on what it gained is its own. */
  tell(): number {
    this.#isTold = true;
    return this.sinceMs;
  }

  /** How many members it takes for dead as long as the store cannot be asked. */
  get presumedDead(): number {
    return this.#isLeased ? this.#view.presumedDead : 0;
  }

  /** When something changes without a reply: its lease is over, or that of somebody of whom the store cannot tell. */
  get nextLookMs(): number {
    if (!this.#isLeased) return this.#view.carryEndsMs;
    const nextEndMs = this.#failedMs === undefined ? undefined : this.#leaseEnds[0]?.ms;
    return Math.min(this.leaseEndMs, nextEndMs ?? Number.POSITIVE_INFINITY, this.#view.carryEndsMs);
  }

  /** Whether what was told may be acted on: not in between a lease that ran out and the word of it, and never after. */
  holds(told: Told, now: Instant): boolean {
    if (told.fence !== this.#fence) return false;
    if (told.standing.kind === 'alone') return true;
    return 'ids' in told.standing && (!this.#isOver(now) || this.standing.kind === 'alone');
  }

  /** The next beat, to be sent now. */
  beat(at: Instant, load?: Load): SentBeat {
    const { incarnation, leaseMs, shares, heartbeatMs } = this.#options;
    // Until something is heard of it: a beat at a time is what the caller sees to.
    this.nextBeatMs = at.ms + heartbeatMs;
    const beat: Beat = {
      id: this.id,
      incarnation,
      sequence: ++this.#sequence,
      leaseMs,
      shares,
      applied: this.#applied,
      stoppedAtMs: this.#stoppedAtMs,
      epoch: this.#epoch,
      known: this.#version,
      leaseEndMs: this.#toldLeaseEndMs,
      ...(load !== undefined && { load }),
    };
    return { beat, at };
  }

  replied(sent: SentBeat, reply: BeatReply, now: Instant): void {
    this.look(now);
    if (sent.beat.id !== this.id) return;
    if (reply.superseded) this.#rename(now);
    // It stood still in between: what it was granted is over already, and others may have been told so.
    else if (Math.max(now.ms - sent.at.ms, now.wallMs - sent.at.wallMs) >= this.#leaseMs) this.nextBeatMs = now.ms;
    else this.#admitted(sent, reply, now);
  }

  failed({ at }: SentBeat, now: Instant): void {
    const { heartbeatMs, random, shares } = this.#options;
    // No deadline is as long as that: this process stood still, and the answer may have come meanwhile.
    if (now.ms - at.ms >= this.#leaseMs) {
      this.nextBeatMs = now.ms;
      this.look(now);
      return;
    }
    this.#failedMs = now.ms;
    this.nextBeatMs = now.ms + (heartbeatMs / 10) * (1 + random());
    if (!shares) return;
    if (this.standing.kind === 'out') this.#alone(now.wallMs);
    else if (this.standing.kind === 'unsure') this.#alone(this.#lostWallMs);
    else this.look(now);
  }

  /** Time has passed. */
  look(now: Instant): void {
    const wall = (ms: number) => now.wallMs + ms - now.ms;
    const had = keptOf(this.standing);
    const ended = this.#view.expire(now.ms);
    if (ended !== undefined && this.#isLeased) {
      this.#kept = had;
      this.#become(wall(ended));
      this.nextBeatMs = Math.min(this.nextBeatMs, now.ms);
    }
    if (!this.#isLeased) return;
    if (!this.#isOver(now)) {
      if (this.#failedMs !== undefined) this.#presume(now);
      return;
    }
    this.#lostWallMs = Math.min(wall(this.leaseEndMs), this.#leaseEndWallMs);
    // Only a failure of late says that the store is lost; without one it was this process that stood still.
    const isLost = this.#failedMs !== undefined && now.ms - this.#failedMs <= 2 * this.#options.heartbeatMs;
    if (isLost) this.#alone(this.#lostWallMs);
    else this.#unsure(now);
  }

  /** A message said that there is news. */
  hinted(version: number | undefined, now: Instant): void {
    if (version !== undefined && version <= this.#version && this.standing.kind === 'member') return;
    this.#hintedMs = now.ms;
    this.nextBeatMs = Math.min(this.nextBeatMs, now.ms);
  }

  /**
   * What was told has been heeded: nothing of what it ended runs any more. `before`: what held until then; `stopped`: when
   * nothing of it was begun any more.
   */
  released(before: Standing, told: Told, stopped: Instant, now: Instant): void {
    if (told.era !== this.#era || !this.#isLeased || !('ids' in told.standing)) return;
    const version = told.standing === this.standing ? this.#version : told.version;
    // The first of those that the store was not told of: whoever joined must not miss what fell due since.
    if (newcomers(before, told.standing) && this.#stoppedAtMs === 0)
      this.#stoppedAtMs = this.#store.atLeast(stopped.ms);
    if (version <= this.#applied) return;
    this.#applied = version;
    this.nextBeatMs = Math.min(this.nextBeatMs, now.ms);
  }

  /**
   * It leaves: nothing is its own any more. `stoppedWallMs`: since when it has begun nothing. @returns the same by the
   * store's clock.
   */
  leave(now: Instant, stoppedWallMs: number): number {
    this.#left = true;
    this.standing = OUT;
    this.#fence++;
    this.#era++;
    return this.#store.atLeast(now.ms - Math.max(0, now.wallMs - stoppedWallMs));
  }

  /** Whether it has a lease, or has not noticed yet that it is over. */
  get #isLeased(): boolean {
    return this.standing.kind === 'member' || this.standing.kind === 'joining';
  }

  #isOver(now: Instant): boolean {
    return now.ms >= this.leaseEndMs || now.wallMs >= this.#leaseEndWallMs;
  }

  /** Nobody provably owns what belonged to a member whose lease, as last known, is over: the store cannot be asked. */
  #presume(now: Instant): void {
    const over = this.#leaseEnds.filter(({ ms }) => ms <= now.ms);
    if (over.length === 0) return;
    this.#leaseEnds = this.#leaseEnds.slice(over.length);
    this.#view.presumeDead(over.map(({ id }) => id));
    this.#become(now.wallMs + over[0]!.ms - now.ms);
  }

  #admitted({ beat, at }: SentBeat, reply: Admitted, now: Instant): void {
    this.leaseEndMs = at.ms + this.#leaseMs;
    this.#leaseEndWallMs = at.wallMs + this.#leaseMs;
    this.#toldLeaseEndMs = reply.leaseEndMs;
    this.#store.answered(at.ms, reply.nowMs, now.ms);
    if (this.#stoppedAtMs === beat.stoppedAtMs) this.#stoppedAtMs = 0;
    this.#failedMs = undefined;
    this.#leaseEnds = reply.leaseEnds
      .filter(([id]) => id !== this.id)
      .map(([id, endMs]) => ({ id, ms: now.ms + endMs - reply.nowMs }));
    if (this.#options.shares) this.#takeIn(at, reply, now);
    this.#epoch = reply.epoch;
    this.#version = reply.version;
    this.#schedule(at, reply, now);
    // What came up while the beat was under way may not have been in it.
    if (this.#applied > beat.applied || this.#hintedMs >= at.ms) this.nextBeatMs = now.ms;
    this.#hintedMs = Number.NEGATIVE_INFINITY;
  }

  #takeIn(at: Instant, reply: Admitted, now: Instant): void {
    const wall = (storeMs: number) => now.wallMs + this.#store.momentOf(storeMs) - now.ms;
    const isNew = reply.joined !== this.#joined;
    const forgot = this.#epoch !== '' && reply.epoch !== this.#epoch;
    const before = this.ids;
    const wasLeased = this.#isLeased;
    const had = keptOf(this.standing);
    if (forgot) this.forgotten++;
    if (!wasLeased) this.#view.forget();
    this.#view.presumeNobody();
    if (forgot || (isNew && wasLeased)) this.#applied = 0;
    if (wasLeased && (forgot || isNew)) this.#view.carry(now.ms + this.#options.leaseMs);
    if (reply.ids !== undefined) this.#view.list(reply.ids);
    if (isNew) {
      this.#joined = reply.joined;
      this.#joinedWallMs = at.wallMs;
      this.#passed = false;
    }
    // What it let go of while it joins it does not take again before everybody knows of it.
    if (isNew || !wasLeased || before !== this.ids) this.#kept = had;
    let sinceMs = wall(reply.removedAtMs);
    if (!this.#passed && reply.behind === 0 && reply.nowMs >= reply.waitUntilMs && !this.#view.carries) {
      this.#passed = true;
      // Others that came or went since it joined are not told apart from those that made way for it.
      const releasedMs = reply.version === reply.joined ? reply.releasedAtMs : 0;
      sinceMs = Math.max(wall(Math.max(releasedMs, reply.waitUntilMs)), this.#joinedWallMs);
    } else if (this.standing.kind === 'unsure') sinceMs = this.#lostWallMs;
    this.#become(Math.min(sinceMs, now.wallMs));
  }

  /** Takes the standing that follows from what is known, if it is another one. */
  #become(sinceMs: number): void {
    const { ids } = this.#view;
    const next: Standing = this.#passed ? { kind: 'member', ids } : { kind: 'joining', ids, kept: this.#kept };
    if (sameStanding(this.standing, next)) return;
    this.standing = next;
    // What an earlier change gained that nobody was told of yet is gained with this one.
    this.sinceMs = this.#isTold ? sinceMs : Math.min(this.sinceMs, sinceMs);
    this.#isTold = false;
  }

  #schedule(at: Instant, reply: Admitted, now: Instant): void {
    const { heartbeatMs, random } = this.#options;
    const local = (storeMs: number) => now.ms + Math.max(LEAST_WAIT_MS, storeMs - reply.nowMs + 1);
    let next = at.ms + heartbeatMs * (1 - 0.2 * random());
    const [first] = reply.leaseEnds;
    if (first !== undefined) next = Math.min(next, local(first[1]));
    if (this.standing.kind === 'joining') next = Math.min(next, now.ms + heartbeatMs / 5);
    // Until then its word counts for nothing, and whoever joins waits for it.
    if (reply.waitUntilMs > reply.nowMs) next = Math.min(next, local(reply.waitUntilMs));
    this.nextBeatMs = next;
  }

  #alone(sinceMs: number): void {
    this.standing = { kind: 'alone', sinceMs };
    this.sinceMs = sinceMs;
    this.#applied = 0;
    this.#era++;
  }

  #unsure(now: Instant): void {
    this.standing = { kind: 'unsure' };
    this.sinceMs = now.wallMs;
    this.#applied = 0;
    this.#fence++;
    this.#era++;
    this.nextBeatMs = now.ms;
  }

  /** Another process has its id, and is the younger one. It goes on under an id of its own. */
  #rename(now: Instant): void {
    const { id, random, shares } = this.#options;
    this.superseded++;
    const suffix = Math.floor(random() * SUFFIX_DIGITS).toString(36);
    this.id = `${id.slice(0, LONGEST_BASE)}~${suffix.padStart(4, '0')}`;
    this.#view = new View(this.id);
    this.#lostWallMs = now.wallMs;
    this.#epoch = '';
    this.#version = 0;
    this.#joined = 0;
    this.#toldLeaseEndMs = 0;
    this.leaseEndMs = Number.NEGATIVE_INFINITY;
    if (shares) this.#unsure(now);
    this.nextBeatMs = now.ms;
  }
}
