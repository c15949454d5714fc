import type { Clock, Timer } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import { Asked } from './asked.js';
import type { LimiterMode } from './metrics.js';
import { closedWords, lostWords } from './obstacle.js';
import type { Beat, Closure, Grant, OpenStore, PermitStore, Terms } from './permit-store.js';
import { type Known, type Loss, type Share, shareOf } from './share.js';
import { Ticket } from './ticket.js';

export interface PermitsOptions {
  /** What is opened again and again. */
  readonly openStore: OpenStore;
  /** Whether the store is shared with other replicas, so that it must be beaten and can be lost. */
  readonly shared: boolean;
  readonly clock: Clock;
  readonly settleMs: number;
  readonly graceMs: number;
  /** Whether the replica's share is used while the store is lost. */
  readonly withShare: boolean;
  /** How many members the fleet has at least, as somebody else knows. */
  readonly members: () => number;
  /** Permits for one job of this weight have come: whoever is next takes them; false if nobody does. */
  readonly offer: (ticket: Ticket) => boolean;
  /** What may be had has changed: look whether somebody who waits can be served, and ask for what they need. */
  readonly changed: () => void;
}

const LONGEST_BEAT_MS = 1_000;
/** How long opening a store or a beat may take, whatever it does with its own deadlines. */
const PATIENCE_MS = 10_000;
/** Permits that came so late that less than this share of the hold is left are not used. */
const LEAST_LEFT = 0.5;
/** After so many answers in a row that make no sense, what is stored is forgotten. */
const NONSENSE = 3;

/**
 * The permits of one replica, from whichever side they come: the store that all share, or the replica's own share while
 * that is lost. It keeps one store in use at a time, and makes another whenever one has failed.
 */
export class Permits {
  readonly #options: PermitsOptions;
  readonly #clock: Clock;
  readonly #held = new Set<Ticket>();
  #terms: { readonly concurrent: number; readonly expirationMs: number };
  #store: PermitStore | undefined;
  #asked = new Asked();
  #beat: Beat | undefined;
  #known: Known | undefined;
  /** In which life of the limit this replica may have had permits; empty: it never had any. */
  #life = '';
  #loss: Loss | undefined;
  #trouble: unknown;
  #nonsense = 0;
  /** When a store last failed. */
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #ended = false;
  replaced = 0;
  unused = 0;

  constructor(options: PermitsOptions, concurrent: number, expirationMs: number) {
    this.#options = options;
    this.#clock = options.clock;
    this.#terms = { concurrent, expirationMs };
    void this.#begin();
  }

  get mode(): LimiterMode {
    if (this.#ended) return 'ended';
    if (!this.#options.shared) return 'process';
    if (this.#loss !== undefined) return this.#share() > 0 ? 'share' : 'lost';
    return this.#isOpen() ? 'fleet' : 'closed';
  }

  /** How many there are now, for this replica or for all. */
  get permits(): number {
    const { mode } = this;
    if (mode === 'process') return this.#terms.concurrent;
    if (mode === 'fleet') return this.#beat!.concurrent;
    return mode === 'share' ? this.#share() : 0;
  }

  /** The most that one job may have. */
  get heaviest(): number {
    return Math.min(this.#terms.concurrent, this.#beat?.concurrent ?? Number.POSITIVE_INFINITY);
  }

  get users(): number {
    return this.#beat?.users ?? this.#known?.users ?? 1;
  }

  get differ(): boolean {
    return this.#beat?.differ === true;
  }

  get inUse(): number {
    let sum = 0;
    for (const { weight } of this.#held) sum += weight;
    return sum;
  }

  /** Why nobody gets permits now, for whoever waits in vain; undefined while they are only all taken. */
  get obstacle(): FleetError | undefined {
    const now = this.#clock.now();
    if (this.#loss !== undefined) {
      return new FleetError('unreachable', lostWords(this.#shareNow(), now), { cause: this.#trouble });
    }
    if (this.mode !== 'closed') return undefined;
    return new FleetError('refused', closedWords(this.#beat, this.#trouble), { cause: this.#trouble });
  }

  /** Why the store has closed the limit; undefined while it is not the store that has. */
  get closure(): Closure | undefined {
    return this.#beat !== undefined && this.#beat.opensInMs > 0 ? this.#beat.closure : undefined;
  }

  /** Whether anything is known yet: a first answer, or none. */
  get isTried(): boolean {
    return this.#ended || this.#beat !== undefined || this.#loss !== undefined || this.#trouble !== undefined;
  }

  /** Says at once what is wanted from now on. */
  want(concurrent: number, expirationMs: number): void {
    this.#terms = { concurrent, expirationMs };
    // A memory of one's own can be told at once, and is beaten no second time.
    const canBeTold = this.#beat !== undefined || !this.#options.shared;
    if (this.#store !== undefined && canBeTold) this.#again(this.#store);
  }

  /** Permits of the share, at once; undefined where there are none, or where they come from the store. */
  take(weight: number): Ticket | undefined {
    if (this.#loss === undefined || this.inUse + weight > this.#share()) return undefined;
    const endsAtMs = this.#clock.now() + this.#terms.expirationMs;
    return this.#hold(weight, endsAtMs, true, () => {});
  }

  /** Asks the store for what those need who wait, in their order. */
  ask(waiting: () => Iterable<number>): void {
    if (this.#store !== undefined && this.#isOpen())
      this.#asked.ask(this.#store, waiting, this.#beat!.concurrent, this.#holdMs);
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    const store = this.#store;
    this.#store = undefined;
    if (store === undefined) return;
    // Whoever still holds permits is struck off by its silence, when they have returned.
    if (this.#held.size === 0) await this.#within(store.leave()).catch(() => {});
    store.close();
  }

  /** A few beats fit in one hold, so that a lost one is not taken for a lost Redis. */
  get #beatMs(): number {
    return Math.min(LONGEST_BEAT_MS, this.#terms.expirationMs / 4);
  }

  get #holdMs(): number {
    return this.#terms.expirationMs + this.#options.graceMs;
  }

  /** Permits of the share that nobody has ended yet are not in the store's count. */
  #isOpen(): boolean {
    if (this.#loss !== undefined || this.#beat === undefined || this.#beat.opensInMs > 0) return false;
    const now = this.#clock.now();
    for (const { ofShare, endsAtMs } of this.#held) if (ofShare && endsAtMs > now) return false;
    return true;
  }

  #shareNow(): Share {
    if (!this.#options.withShare)
      return { permits: 0, fromMs: Number.POSITIVE_INFINITY, words: 'it is to use no share' };
    return shareOf(this.#known, this.#loss!, this.#options.settleMs);
  }

  #share(): number {
    const now = this.#clock.now();
    // Redis may be back since it was last asked (this process may have stood still): then all others have the fleet's limit.
    if (now - this.#failedAtMs > this.#options.settleMs / 2) return 0;
    const { permits, fromMs } = this.#shareNow();
    return now >= fromMs ? permits : 0;
  }

  #hold(weight: number, endsAtMs: number, ofShare: boolean, release: () => void): Ticket {
    const ticket = new Ticket(weight, endsAtMs, ofShare, () => {
      this.#held.delete(ticket);
      release();
      this.#options.changed();
    });
    this.#held.add(ticket);
    return ticket;
  }

  async #begin(): Promise<void> {
    const { openStore } = this.#options;
    const terms: Terms = { concurrent: this.#terms.concurrent, holdMs: this.#holdMs };
    const clear = this.#nonsense >= NONSENSE;
    if (clear) {
      this.#nonsense = 0;
      // Others may have permits of what is deleted, even if this replica never had.
      this.#life ||= 'deleted';
    }
    let store: PermitStore | undefined;
    const isCurrent = () => store !== undefined && store === this.#store;
    store = openStore({
      terms,
      clear,
      listener: {
        granted: (grant) => this.#granted(grant, isCurrent()),
        failed: (error) => {
          if (isCurrent()) this.#fail(error);
        },
      },
    });
    this.#store = store;
    this.#asked = new Asked();
    try {
      await this.#within(store.open());
      if (isCurrent()) await this.#once(store);
    } catch (error) {
      if (isCurrent()) this.#fail(error);
    }
  }

  async #once(store: PermitStore): Promise<void> {
    const askedAtMs = this.#clock.now();
    const terms: Terms = { concurrent: this.#terms.concurrent, holdMs: this.#holdMs };
    const beat = await this.#within(store.beat(terms, this.#life));
    if (store !== this.#store) return;
    if (beat.opensInMs === 0 || this.#life !== '') this.#life = beat.life;
    this.#beat = beat;
    this.#loss = undefined;
    this.#trouble = undefined;
    this.#nonsense = 0;
    if (beat.opensInMs === 0) {
      const users = Math.max(beat.users, this.#options.members());
      const { settled, concurrent, holdMs } = beat;
      const countedForMs = this.#holdMs + this.#options.settleMs;
      this.#known = { users, settled, concurrent, holdMs, askedAtMs, countedForMs };
    }
    if (this.#options.shared) {
      const untilOpenMs = beat.opensInMs > 0 ? beat.opensInMs + 1 : Number.POSITIVE_INFINITY;
      this.#after(Math.min(this.#beatMs, untilOpenMs), () => this.#again(store));
    }
    this.#options.changed();
  }

  #again(store: PermitStore): void {
    this.#once(store).catch((error: unknown) => {
      if (store === this.#store) this.#fail(error);
    });
  }

  #granted(grant: Grant, current: boolean): void {
    if (current) this.#asked.came(grant.weight);
    const { expirationMs } = this.#terms;
    const endsAtMs = grant.sentAtMs + expirationMs;
    const inTime = endsAtMs - this.#clock.now() >= expirationMs * LEAST_LEFT;
    const usable = current && inTime && this.#isOpen();
    if (usable) {
      const ticket = this.#hold(grant.weight, endsAtMs, false, grant.release);
      if (this.#options.offer(ticket)) return;
      this.unused++;
      ticket.release();
      return;
    }
    this.unused++;
    grant.release();
    if (current) this.#options.changed();
  }

  /** Throws the store away. What it had granted runs on, and is released where it was taken. */
  #fail(error: unknown): void {
    const store = this.#store;
    this.#store = undefined;
    this.#timer?.[Symbol.dispose]();
    store?.close();
    if (this.#ended) return;
    const pauseMs = this.#beat === undefined ? this.#beatMs : 0;
    this.replaced++;
    this.#trouble = error;
    this.#beat = undefined;
    this.#failedAtMs = this.#clock.now();
    if (isLoss(error)) this.#loss ??= { sinceMs: this.#failedAtMs };
    else this.#nonsense++;
    this.#after(pauseMs, () => void this.#begin());
    this.#options.changed();
  }

  #after(ms: number, run: () => void): void {
    if (this.#ended) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(ms, run);
    // Whoever waits has a timer of its own; a limiter alone keeps no process alive.
    this.#timer.unref?.();
  }

  #within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(PATIENCE_MS, () => {
        reject(new FleetError('timeout', `the limiter did not answer in ${PATIENCE_MS} ms`));
      });
      timer.unref?.();
      promise.then(resolve, reject).finally(() => timer[Symbol.dispose]());
    });
  }
}

/** What Redis says to whom it does not let in: that one is without it, as if it were gone. */
const NO_ENTRY = /^(?:NOAUTH|WRONGPASS|NOPERM)\b/;

/** Whether Redis could not be asked, as opposed to: it answered, and what it said was no use. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof FleetError)) return false;
  const { reason, cause } = error;
  return reason === 'unreachable' || reason === 'timeout' || (cause instanceof Error && NO_ENTRY.test(cause.message));
}
