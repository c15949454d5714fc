import type { Random } from '@breakwater/resilience';
import type { HoldReason } from '../backend/backend.js';

const BASE_MS = 500;
const LONGEST_MS = 30_000;
// Somebody has to mend these by hand.
const LONGEST_BY_HAND_MS = 60_000;
const BY_HAND: ReadonlySet<HoldReason> = new Set(['unauthorized', 'forbidden', 'not-found']);
const SHORTEST_MS = 10;
// A server that asks for more than this is asked again before.
const LONGEST_ASKED_MS = 600_000;

export interface HoldAnswer {
  readonly reason: HoldReason;
  readonly words: string;
  readonly retryAfterMs?: number;
}

/** Why nothing is sent, and until when. */
export interface HoldStatus {
  readonly reason: HoldReason;
  readonly words: string;
  readonly untilMs: number;
}

/** Full jitter: anything up to a time that doubles with every hold, so that lanes do not come back in step. */
export function holdMs(answer: HoldAnswer, holdsBefore: number, random: Random): number {
  const longestMs = BY_HAND.has(answer.reason) ? LONGEST_BY_HAND_MS : LONGEST_MS;
  const backoffMs = Math.max(SHORTEST_MS, random() * Math.min(longestMs, BASE_MS * 2 ** holdsBefore));
  return Math.max(Math.min(answer.retryAfterMs ?? 0, LONGEST_ASKED_MS), backoffMs);
}

/** How long something wants to be left alone: a backend, or one destination of it. It ends with a request that succeeds. */
export class Hold {
  #holds = 0;
  #generation = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #answer: HoldAnswer | undefined;
  /** Requests under way that find out whether it is over. */
  probes = 0;

  /** Which hold it is: a request that was sent before it says nothing new. */
  get generation(): number {
    return this.#generation;
  }

  get untilMs(): number {
    return this.#untilMs;
  }

  /** What it answered last; undefined: nothing is held. */
  get answer(): HoldAnswer | undefined {
    return this.#answer;
  }

  /** Whether a request may go: one at a time until one succeeds. */
  admits(nowMs: number): boolean {
    return this.#answer === undefined || (this.probes === 0 && nowMs >= this.#untilMs);
  }

  /** Returns for how long it holds now; undefined: the request was sent before the hold began, which it only prolongs. */
  begin(answer: HoldAnswer, sentIn: number, nowMs: number, random: Random): number | undefined {
    if (sentIn !== this.#generation) {
      const asked = Math.min(answer.retryAfterMs ?? 0, LONGEST_ASKED_MS);
      if (this.#answer !== undefined) this.#untilMs = Math.max(this.#untilMs, nowMs + asked);
      else if (asked > 0) return this.#start(answer, asked, nowMs);
      return undefined;
    }
    return this.#start(answer, holdMs(answer, this.#holds++, random), nowMs);
  }

  /** A request succeeded. Returns whether that ended a hold: one that was sent before it says nothing. */
  end(sentIn: number): boolean {
    if (sentIn !== this.#generation || this.#answer === undefined) return false;
    this.#answer = undefined;
    this.#holds = 0;
    return true;
  }

  #start(answer: HoldAnswer, ms: number, nowMs: number): number {
    this.#generation++;
    this.#answer = answer;
    this.#untilMs = nowMs + ms;
    return ms;
  }
}
