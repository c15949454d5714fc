import { showPath } from './describe.js';
import { showMs } from './fields.js';
import type { Mistakes } from './mistakes.js';
import type { Target } from './target.js';

/** With the wait for a slot and the tidying it stays below the longest expiration of a fleet limit. */
const LONGEST_TIMEOUT_MS = 30 * 60_000;

/** Each is a limiter, which asks Redis every second. */
const MOST_LIMITS = 100;

interface Place {
  readonly offset: number;
  readonly path: string;
}

/** What the places of one file that name the same limit must agree on. */
export class LimitTerms {
  readonly #mistakes: Mistakes;
  readonly #defaultsOffset: number;
  readonly #first = new Map<string, Place & { concurrent: number }>();
  readonly #seen = new Set<number>();

  constructor(mistakes: Mistakes, defaultsOffset: number) {
    this.#mistakes = mistakes;
    this.#defaultsOffset = defaultsOffset;
  }

  check({ limit, timeoutMs }: Target, { index, at }: { index: number; at: { entry: number; limit: number } }): void {
    if (limit === undefined) return;
    const isOwn = at.limit !== at.entry;
    if (timeoutMs > LONGEST_TIMEOUT_MS) {
      const most = showMs(LONGEST_TIMEOUT_MS);
      const message = `the timeout ${showMs(timeoutMs)} is longer than ${most}, the most for a target with a limit`;
      this.#mistakes.add(isOwn ? at.limit : at.entry, showPath(['targets', index, 'timeout']), message);
    }
    const place = isOwn
      ? { offset: at.limit, path: showPath(['targets', index, 'limit']) }
      : { offset: this.#defaultsOffset, path: 'defaults.limit' };
    // The defaults are looked at once, however many targets have them.
    if (this.#seen.has(place.offset)) return;
    this.#seen.add(place.offset);
    this.#compare(limit, place);
  }

  #compare({ key, concurrent }: NonNullable<Target['limit']>, place: Place): void {
    const first = this.#first.get(key);
    if (first === undefined) {
      this.#first.set(key, { ...place, concurrent });
      if (this.#first.size !== MOST_LIMITS + 1) return;
      this.#mistakes.add(
        place.offset,
        place.path,
        `is the ${MOST_LIMITS + 1}st limit; ${MOST_LIMITS} are allowed in a file`,
      );
    } else if (first.concurrent !== concurrent) {
      const line = this.#mistakes.lineOf(first.offset);
      const message = `the limit ${key} is ${concurrent} here and ${first.concurrent} in line ${line} (${first.path}); it must be the same`;
      this.#mistakes.add(place.offset, place.path, message);
    }
  }
}
