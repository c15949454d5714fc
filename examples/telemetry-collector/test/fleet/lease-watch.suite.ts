import { setTimeout as pause } from 'node:timers/promises';
import { askRedis } from './ask-redis.suite.js';

const LOOK_MS = 50;
/** Every member with the end of its lease, of the fleet that collectors are in unless they are told otherwise. */
const ENDS = 'ZRANGE breakwater:{telemetry}:sharers 0 -1 WITHSCORES';

/** When the leases of a fleet end, as a Redis has it, heartbeat by heartbeat. */
export class LeaseWatch {
  readonly #port: number;
  /** The ends of each member's leases, in their order. */
  readonly #ends = new Map<string, number[]>();
  #isLooking = true;
  readonly #looking: Promise<void>;

  constructor(port: number) {
    this.#port = port;
    this.#looking = this.#watch();
    // Who never asks for the end has other trouble.
    this.#looking.catch(() => {});
  }

  async #watch(): Promise<void> {
    while (this.#isLooking) {
      await this.#look();
      await pause(LOOK_MS);
    }
  }

  async #look(): Promise<void> {
    // Each word comes after its length.
    const words = (await askRedis(this.#port, ENDS)).split('\r\n').filter((word) => /^[^*$]/.test(word));
    for (let at = 0; at < words.length; at += 2) {
      const ends = this.#ends.get(words[at]!) ?? [];
      const endMs = Number(words[at + 1]);
      if (endMs !== ends.at(-1)) ends.push(endMs);
      this.#ends.set(words[at]!, ends);
    }
  }

  /**
   * Looks no more. @returns when the first lease is over that anybody knows of when Redis is gone: of the others each knows
   * what there was at its own latest heartbeat.
   */
  async stop(): Promise<number> {
    this.#isLooking = false;
    await this.#looking;
    const known = [...this.#ends].flatMap(([knower, own]) => this.#knownTo(knower, own.at(-1)!));
    return Math.min(...known);
  }

  /** When the leases of the others end, as far as one knows whose own latest one ends then. */
  #knownTo(knower: string, ownEndMs: number): number[] {
    const others = [...this.#ends].filter(([id]) => id !== knower);
    return others.map(([id, ends]) => {
      // All leases are equally long: one that ends earlier was given earlier.
      const endMs = ends.findLast((each) => each < ownEndMs);
      if (endMs === undefined) throw new Error(`no heartbeat of ${id} was seen before the last of ${knower}`);
      return endMs;
    });
  }
}
