import { isStalled, type Turn } from './turn.js';

/** A run of this many milliseconds is slow. */
export const SLOW_AFTER_MS = 1_000;

/**
 * What a target's last run tells about its next. *prompt*: it ended within a second, or there was none. *lingering*: it
 * took longer and was answered. *hanging*: it timed out, or was ended because the slow share was full.
 */
export type Pace = 'prompt' | 'lingering' | 'hanging';

/** How a target stands with the slots. */
export class Standing {
  #pace: Pace = 'prompt';
  #beganMs = 0;
  #lastVerdictMs = 0;
  #lastAnswerMs = 0;

  get pace(): Pace {
    return this.#pace;
  }

  /** When the latest run began that had an answer or all of its time, in monotonic milliseconds; 0 before the first. */
  get lastVerdictMs(): number {
    return this.#lastVerdictMs;
  }

  /** When the latest run began that had an answer, whatever it was. */
  get lastAnswerMs(): number {
    return this.#lastAnswerMs;
  }

  /** A run begins, at that monotonic time. */
  began(nowMs: number): void {
    this.#beganMs = nowMs;
  }

  /** A turn is over. One that did not run says nothing, and one that only we held up neither. */
  ended(turn: Turn): void {
    const { outcome, durationMs } = turn;
    if (durationMs === undefined || outcome === 'aborted') return;
    if (outcome !== 'slow-share-full') this.#lastVerdictMs = this.#beganMs;
    if (outcome !== 'timeout' && outcome !== 'slow-share-full') {
      this.#lastAnswerMs = this.#beganMs;
      this.#pace = durationMs > SLOW_AFTER_MS ? 'lingering' : 'prompt';
    } else if (!isStalled(turn)) {
      this.#pace = 'hanging';
    }
  }
}
