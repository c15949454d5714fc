import type { Frame } from '../frames/frame.js';

/** Frames that were read and wait to be sent, by destination; destinations take turns. */
export class FrameBuffer {
  readonly #queues = new Map<string, Frame[]>();
  #points = 0;
  #bytes = 0;

  get points(): number {
    return this.#points;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** The destination whose turn it is. */
  get firstKey(): string | undefined {
    return this.#queues.keys().next().value;
  }

  /** When the first frame of the destination whose turn it is was accepted. */
  get firstAcceptedAtMs(): number | undefined {
    return this.#queues.values().next().value?.[0]?.acceptedAtMs;
  }

  /** What there is of each destination. */
  entries(): Iterable<[key: string, frames: readonly Frame[]]> {
    return this.#queues;
  }

  push(key: string, frame: Frame): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [frame]);
    else queue.push(frame);
    this.#points += frame.points;
    this.#bytes += frame.body.length;
  }

  /** The first frames of a destination, within the limits; one at least. */
  take(key: string, maxPoints: number, maxBytes: number): Frame[] {
    const queue = this.#queues.get(key) ?? [];
    let points = 0;
    let bytes = 0;
    let count = 0;
    for (const frame of queue) {
      if (count > 0 && (points + frame.points > maxPoints || bytes + frame.body.length > maxBytes)) break;
      points += frame.points;
      bytes += frame.body.length;
      count++;
    }
    const taken = queue.splice(0, count);
    this.#queues.delete(key);
    if (queue.length > 0) this.#queues.set(key, queue);
    this.#points -= points;
    this.#bytes -= bytes;
    return taken;
  }

  /** Everything of a destination. */
  remove(key: string): Frame[] {
    return this.take(key, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  clear(): Frame[] {
    return [...this.#queues.keys()].flatMap((key) => this.remove(key));
  }
}
