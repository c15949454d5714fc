import type { PreparedFrame } from './segment-writer.js';

/** What one commit writes at most, if it is more than one append. */
const MAX_COMMIT_BYTES = 4 * 1024 * 1024;

export interface Append {
  readonly frames: readonly PreparedFrame[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Appends that wait for the next commit. */
export class CommitQueue {
  #appends: Append[] = [];

  get length(): number {
    return this.#appends.length;
  }

  add(frames: readonly PreparedFrame[]): Promise<void> {
    const bytes = frames.reduce((sum, frame) => sum + frame.body.length, 0);
    return new Promise((resolve, reject) => this.#appends.push({ frames, bytes, resolve, reject }));
  }

  /** Those that go together: one at least. */
  take(): Append[] {
    let bytes = 0;
    let count = 0;
    for (const append of this.#appends) {
      bytes += append.bytes;
      if (count > 0 && bytes > MAX_COMMIT_BYTES) break;
      count++;
    }
    return this.#appends.splice(0, count);
  }

  takeAll(): Append[] {
    return this.#appends.splice(0);
  }
}
