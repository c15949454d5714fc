import type { Random } from '../core/clock.js';
import { seededRandom } from '../testing/seeded-random.js';

/** What a person does to a breaker. opossum has all four; of ours they are isolate, reset, disable and its end. */
export type ByHand = 'open' | 'close' | 'disable' | 'enable';

export type Ending = 'success' | 'failure' | 'ignore';

export type Step =
  | { readonly do: 'start'; readonly call: number }
  | { readonly do: 'settle'; readonly call: number; readonly as: Ending }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: ByHand };

/** What both breakers are set to. */
export interface HistorySettings {
  /** 0: none. */
  readonly timeoutMs: number;
  /** Infinity: as many calls at once as there are. */
  readonly capacity: number;
}

export interface History {
  readonly seed: number;
  readonly settings: HistorySettings;
  readonly steps: readonly Step[];
}

/** One that goes through a history, and says after each step its state and what callers were answered. */
export interface Subject {
  take(step: Step): string | Promise<string>;
}

// Steps fall on tens of milliseconds and buckets on hundreds; timeouts and openings never end on either, nor together.
export const WINDOW_MS = 1_000;
export const BUCKETS = 5;
export const RESET_MS = 504;
const TIMEOUT_MS = 303;
export const MINIMUM_CALLS = 4;
export const FAILURE_RATE = 0.5;

const LENGTH = 80;
const BY_HAND: readonly ByHand[] = ['open', 'close', 'disable', 'enable', 'enable'];

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

export function randomHistory(seed: number): History {
  const random = seededRandom(seed);
  const settings = {
    timeoutMs: pick(random, [0, TIMEOUT_MS]),
    capacity: pick(random, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2]),
  };
  // Some are long outages, some have few failures; in half of them nobody touches the breaker by hand.
  const failing = pick(random, [0.2, 0.5, 0.9]);
  const byHand = pick(random, [0, 0.1]);
  const running: number[] = [];
  const steps: Step[] = [];
  for (let index = 0, calls = 0; index < LENGTH; index++) {
    const dice = random();
    if (dice < byHand) steps.push({ do: pick(random, BY_HAND) });
    else if (dice < 0.3) steps.push({ do: 'advance', ms: 10 * Math.ceil(random() * 30) });
    else if (dice < 0.65 || running.length === 0) {
      running.push(calls);
      steps.push({ do: 'start', call: calls++ });
    } else {
      const [call] = running.splice(Math.floor(random() * running.length), 1);
      const ending = random();
      const as = ending < failing ? 'failure' : ending < failing + 0.1 ? 'ignore' : 'success';
      steps.push({ do: 'settle', call: call!, as });
    }
  }
  return { seed, settings, steps };
}

/** What a subject said at each step. */
export async function trace(history: History, subject: Subject): Promise<string[]> {
  const said: string[] = [];
  for (const step of history.steps) said.push(await subject.take(step));
  return said;
}
