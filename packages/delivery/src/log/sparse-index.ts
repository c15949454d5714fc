import type { FrameHeader } from './frame-codec.js';

const SPACING_BYTES = 64 * 1024;
// Few points are few bytes: without this, what was accepted just now would seem as old as what came minutes before.
const SPACING_MS = 1_000;

interface IndexEntry {
  readonly seq: number;
  readonly totalBefore: number;
  readonly offset: number;
}

/** Where one frame in 64 KiB, or in a second, of a segment begins: 32 bytes each, half a MiB for a GiB of busy log. */
export class SparseIndex {
  readonly #seqs: number[] = [];
  readonly #totals: number[] = [];
  readonly #offsets: number[] = [];
  /** The earliest time from each entry to the next: clocks are set back at times. */
  readonly #acceptedAt: number[] = [];

  /** Frames come in their order. */
  add(header: FrameHeader, offset: number): void {
    const last = this.#offsets.length - 1;
    if (last >= 0 && this.#isNear(last, header.acceptedAtMs, offset)) {
      this.#acceptedAt[last] = Math.min(this.#acceptedAt[last]!, header.acceptedAtMs);
      return;
    }
    this.#seqs.push(header.seq);
    this.#totals.push(header.totalBefore);
    this.#offsets.push(offset);
    this.#acceptedAt.push(header.acceptedAtMs);
  }

  /** The last entry that is not after the frame. */
  entryBefore(seq: number): IndexEntry | undefined {
    const at = this.#find(seq);
    if (at < 0) return undefined;
    return { seq: this.#seqs[at]!, totalBefore: this.#totals[at]!, offset: this.#offsets[at]! };
  }

  /** Where the first entry is that is after the frame. */
  offsetAfter(seq: number): number | undefined {
    return this.#offsets[this.#find(seq) + 1];
  }

  acceptedAtMs(seq: number): number | undefined {
    return this.#acceptedAt[Math.max(0, this.#find(seq))];
  }

  #isNear(entry: number, acceptedAtMs: number, offset: number): boolean {
    return offset - this.#offsets[entry]! < SPACING_BYTES && acceptedAtMs - this.#acceptedAt[entry]! < SPACING_MS;
  }

  #find(seq: number): number {
    let [low, high] = [0, this.#seqs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#seqs[middle]! <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
