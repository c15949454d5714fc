import type { Permit, Verdict } from '../core/types.js';

/** Takes what a permit's holder says. */
export type Hear = (verdict: Verdict, error: unknown) => void;

/** A breaker's permit for whoever runs an operation by hand: the first word counts. */
export class BreakerPermit implements Permit {
  #hear: Hear | undefined;

  constructor(hear: Hear) {
    this.#hear = hear;
  }

  success(): void {
    this.#say('success', undefined);
  }

  failure(error?: unknown): void {
    this.#say('failure', error);
  }

  ignore(): void {
    this.#say('ignore', undefined);
  }

  [Symbol.dispose](): void {
    this.#say('ignore', undefined);
  }

  #say(verdict: Verdict, error: unknown): void {
    const hear = this.#hear;
    this.#hear = undefined;
    hear?.(verdict, error);
  }
}
