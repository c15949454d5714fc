import type { CircuitAdviser, CircuitMove } from '@breakwater/resilience';
import { publish } from '../events.js';
import { type Circuits, ONLY_KEY } from './circuits.js';
import { type Hint, type HintReply, MOST_HINTS, MOST_SAYS, type Say } from './hint-store.js';
import { HintTally } from './hint-tally.js';
import { Opening } from './opening.js';
import { Strikes } from './strikes.js';

export interface SharedCircuitsOptions {
  readonly circuits: Circuits;
  readonly policy: string;
  readonly now: () => number;
  readonly suspectAfter: number;
  readonly strikeMs: number;
  readonly probeLeaseMs: number;
  /** What a call is told that is held back. */
  readonly retryAfterMs: number;
  /** Called when there is, or will be, something to say. */
  readonly wake: (atMs: number) => void;
}

type Verdict = Extract<Say, { verb: 'closed' | 'failed' | 'yield' }>;

/**
 * What one replica makes of its circuits and of the fleet's hints: what to say, when to trip, close and probe. It knows
 * neither store nor timers; each call of the breaker costs it a look into a map at most.
 */
export class SharedCircuits implements CircuitAdviser {
  readonly retryAfterMs: number;
  readonly tally: HintTally = new HintTally();
  readonly #options: SharedCircuitsOptions;
  readonly #circuits: Circuits;
  readonly #strikes = new Strikes();
  readonly #openings = new Map<string, Opening>();
  readonly #verdicts = new Map<string, Verdict>();
  /** What a failed probe costs, in time: others come first. */
  readonly #lineMs: number;
  #unshared = 0;
  /** Hints cannot be had: everybody decides alone. */
  alone = true;

  constructor(options: SharedCircuitsOptions) {
    this.#options = options;
    this.#circuits = options.circuits;
    this.retryAfterMs = options.retryAfterMs;
    this.#lineMs = Math.min(2_000, Math.max(2 * options.retryAfterMs, options.circuits.recoveryTimeoutMs / 4));
  }

  get unshared(): number {
    return this.#unshared + this.#strikes.unshared;
  }

  get openKeys(): number {
    let open = 0;
    for (const { over } of this.#openings.values()) if (!over) open++;
    return open;
  }

  probes(key: string = ONLY_KEY): number {
    const opening = this.#openings.get(key);
    if (opening === undefined || this.alone) return Number.POSITIVE_INFINITY;
    const nowMs = this.#options.now();
    if (opening.over || nowMs >= opening.endsMs) return Number.POSITIVE_INFINITY;
    opening.traffic(nowMs);
    return opening.isMine(nowMs) ? 1 : 0;
  }

  failed(key: string = ONLY_KEY, failures: number): void {
    const { suspectAfter, strikeMs } = this.#options;
    if (failures >= suspectAfter) this.#strike(key, { forMs: strikeMs, openMs: 0, attempts: 1 });
  }

  succeeded(key: string = ONLY_KEY): void {
    if (!this.#strikes.isEmpty && this.#strikes.takeBack(key)) this.#wake();
  }

  refused(key: string = ONLY_KEY): void {
    const opening = this.#openings.get(key);
    if (opening === undefined) return;
    const nowMs = this.#options.now();
    const had = opening.hasTraffic(nowMs);
    opening.traffic(nowMs);
    if (!had && !this.alone) this.#options.wake(this.#probeAtMs(key, opening, nowMs));
  }

  moved(key: string = ONLY_KEY, { from, to, cause, openMs, attempts }: CircuitMove): void {
    if (cause === 'hint') return;
    const opening = this.#openings.get(key);
    if (to === 'half-open') {
      if (opening !== undefined) opening.probedPeriod = opening.period;
    } else if (to === 'open') {
      if (cause === 'restore') return;
      this.#strike(key, { forMs: openMs + this.#options.strikeMs, openMs, attempts });
      if (from === 'half-open' && opening !== undefined) this.#probeFailed(key, opening, openMs, attempts);
    } else {
      if (this.#strikes.takeBack(key)) this.#wake();
      if (opening !== undefined) this.#ended(key, opening, to === 'closed', cause === 'recovered');
    }
  }

  #strike(key: string, strike: { forMs: number; openMs: number; attempts: number }): void {
    if (this.#strikes.add(key, this.#options.now(), strike)) this.#wake();
  }

  #wake(): void {
    this.#options.wake(this.#options.now());
  }

  #probeFailed(key: string, opening: Opening, openMs: number, attempts: number): void {
    this.#verdict({ verb: 'failed', key, period: opening.probedPeriod, openMs: Math.ceil(openMs), attempts });
    opening.mineUntilMs = 0;
    opening.blame();
    this.tally.probes.failed++;
  }

  #ended(key: string, opening: Opening, closed: boolean, recovered: boolean): void {
    if (recovered) {
      this.#verdict({ verb: 'closed', key, period: opening.probedPeriod });
      this.tally.probes.recovered++;
    } else if (opening.mineUntilMs > 0) this.#verdict({ verb: 'yield', key });
    opening.mineUntilMs = 0;
    opening.over = closed;
  }

  #verdict(verdict: Verdict): void {
    this.#verdicts.set(verdict.key, verdict);
    this.#wake();
  }

  /** What the store should hear now, and what to call when it has. */
  says(): { says: Say[]; said: () => void } {
    const nowMs = this.#options.now();
    const verdicts = [...this.#verdicts.values()].slice(0, MOST_SAYS);
    const room = MOST_SAYS - verdicts.length;
    // A verdict comes first: a strike on a key that it closes would count for the next opening.
    const strikes = this.#strikes.says(room, nowMs, this.#circuits.recoveryTimeoutMs);
    const says: Say[] = [...verdicts, ...strikes.says, ...this.#probeSays(room - strikes.says.length, nowMs)];
    const said = () => {
      strikes.said();
      for (const verdict of verdicts) {
        if (this.#verdicts.get(verdict.key) === verdict) this.#verdicts.delete(verdict.key);
      }
      for (const { verb } of says) {
        if (verb === 'strike' || verb === 'relief' || verb === 'closed' || verb === 'failed') this.tally.said[verb]++;
      }
    };
    return { says, said };
  }

  *#probeSays(most: number, nowMs: number): IterableIterator<Say> {
    const { probeLeaseMs } = this.#options;
    let left = most;
    for (const [key, opening] of this.#openings) {
      if (left === 0) return;
      const atMs = this.#probeAtMs(key, opening, nowMs);
      if (atMs > nowMs) continue;
      left--;
      if (opening.hasTraffic(nowMs)) yield { verb: 'probe', key, period: opening.period, leaseMs: probeLeaseMs };
      else {
        // No call came to probe with: who has some shall try.
        opening.mineUntilMs = 0;
        opening.blame();
        this.tally.probes.yielded++;
        yield { verb: 'yield', key };
      }
    }
  }

  /** When a probe lease is to be asked for, renewed or given back; Infinity: as things are, never. */
  #probeAtMs(key: string, opening: Opening, nowMs: number): number {
    if (opening.over || this.#verdicts.has(key)) return Number.POSITIVE_INFINITY;
    if (opening.isMine(nowMs)) return opening.mineUntilMs - (this.#options.probeLeaseMs * 2) / 3;
    if (!opening.hasTraffic(nowMs)) return Number.POSITIVE_INFINITY;
    const state = this.#circuits.state(key);
    if (state !== 'open' && state !== 'half-open') return Number.POSITIVE_INFINITY;
    return Math.max(opening.asksAtMs(this.#lineMs), this.#strikes.openUntilMs(key));
  }

  /** When there is something to say, as things are. */
  nextMs(): number {
    if (this.#strikes.hasNews || this.#verdicts.size > 0) return Number.NEGATIVE_INFINITY;
    const nowMs = this.#options.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [key, opening] of this.#openings) nextMs = Math.min(nextMs, this.#probeAtMs(key, opening, nowMs));
    return nextMs;
  }

  /** Obeys what the store answered at the end of a sync that `said` this, and was sent at `sentMs` under the name `me`. */
  learn(reply: HintReply, said: readonly Say[], me: string, sentMs: number): void {
    this.alone = false;
    this.tally.damaged += reply.damaged;
    this.#unshared += reply.refused;
    if (reply.full) {
      for (const opening of this.#openings.values()) opening.confirmed = false;
      // It may have lost its memory, or have an old one.
      this.#strikes.sayAllAnew();
    }
    const nowMs = this.#options.now();
    const known = new Set<string>();
    for (const hint of reply.hints) {
      known.add(hint.key);
      if (hint.state === 'closed') this.#close(hint);
      else if (this.#open(hint, me, sentMs, nowMs) && !this.#isEcho(hint, said)) this.#trip(hint);
    }
    for (const { verb, key } of said) {
      const opening = verb === 'probe' ? this.#openings.get(key) : undefined;
      if (opening === undefined) continue;
      if (!known.has(key)) this.#openings.delete(key);
      else if (!opening.isMine(nowMs)) this.tally.probes.held++;
    }
    for (const [key, opening] of this.#openings) {
      const gone = nowMs >= opening.endsMs || (!opening.confirmed && !reply.more);
      if (gone) this.#openings.delete(key);
    }
  }

  /** Returns whether that is news. */
  #open(hint: Hint, me: string, sentMs: number, nowMs: number): boolean {
    const { key } = hint;
    const opening = this.#openings.get(key) ?? this.#newOpening(key);
    if (opening === undefined) return false;
    opening.confirmed = true;
    const isNews = hint.period > opening.period;
    if (opening.over && !isNews) return false;
    opening.over = false;
    const wasMine = opening.isMine(nowMs);
    // A verdict that is on its way gives the lease back: it is not taken again with an older answer.
    opening.take(hint, this.#verdicts.has(key) ? '' : me, sentMs, nowMs);
    if (!wasMine && opening.isMine(nowMs)) {
      this.tally.probes.granted++;
      publish({ type: 'breaker.probing', policy: this.#options.policy, key });
    }
    return isNews;
  }

  /** Whether a hint only says what this replica has just said itself, of a circuit that is open already. */
  #isEcho({ key, leftMs, attempts }: Hint, said: readonly Say[]): boolean {
    const isSame = (say: Say): boolean =>
      (say.verb === 'failed' || say.verb === 'strike') &&
      say.key === key &&
      say.openMs === leftMs &&
      say.attempts === attempts;
    return said.some(isSame) && this.#circuits.state(key) === 'open';
  }

  #trip(hint: Hint): void {
    const openMs = Math.max(0, hint.leftMs);
    if (this.#circuits.trip(hint.key, { openMs, attempts: hint.attempts })) this.#obeyed(hint, openMs);
  }

  /** Obeys once more what is open, for a circuit that was reset. Returns whether it is. */
  remind(key: string): boolean {
    const opening = this.#openings.get(key);
    const nowMs = this.#options.now();
    if (opening === undefined || this.alone || nowMs >= opening.endsMs) return false;
    const isOpen = this.#circuits.trip(key, { openMs: Math.max(0, opening.dueMs - nowMs), attempts: opening.attempts });
    if (isOpen) opening.over = false;
    return isOpen;
  }

  #newOpening(key: string): Opening | undefined {
    if (this.#openings.size >= MOST_HINTS) {
      this.#unshared++;
      return undefined;
    }
    const opening = new Opening();
    this.#openings.set(key, opening);
    return opening;
  }

  #close(hint: Hint): void {
    const opening = this.#openings.get(hint.key);
    if (opening === undefined || hint.period <= opening.period) return;
    this.#openings.delete(hint.key);
    if (opening.over) return;
    this.#strikes.forget(hint.key);
    if (this.#circuits.recover(hint.key)) this.#obeyed(hint, 0);
  }

  #obeyed({ key, state, attempts }: Hint, retryAfterMs: number): void {
    this.tally.taken[state]++;
    publish({ type: 'breaker.hinted', policy: this.#options.policy, key, to: state, attempts, retryAfterMs });
  }

  /** Takes everything back: what a replica says when it goes. */
  farewell(): Say[] {
    const says: Say[] = [...this.#verdicts.values()];
    for (const key of this.#strikes.keys()) says.push({ verb: 'relief', key });
    for (const [key, { mineUntilMs }] of this.#openings) if (mineUntilMs > 0) says.push({ verb: 'yield', key });
    return says;
  }
}
