import type { Recorder } from '@breakwater/resilience';
import type { CheckpointFile } from '../book/checkpoint-file.js';
import type { LaneBook } from '../book/lane-book.js';
import type { Lane } from '../lanes/lane.js';
import type { QuarantineFile } from '../quarantine/quarantine-file.js';
import { inTurn } from './in-turn.js';
import type { LaneFiles } from './layout.js';

export interface SlotLaneParts {
  readonly book: LaneBook;
  readonly checkpoint: CheckpointFile;
  readonly files: LaneFiles;
  /** What sends; undefined: no backend of the configuration is meant by this lane. */
  readonly delivery: { readonly lane: Lane; readonly quarantine: QuarantineFile } | undefined;
}

/** A checkpoint of so many takes some milliseconds, in which nothing else happens. */
const RANGES_A_ROUND = 10_000;

/** One lane of one slot: its book, the file that the book is kept in, and what delivers it. */
export class SlotLane {
  readonly book: LaneBook;
  readonly files: LaneFiles;
  readonly lane: Lane | undefined;
  readonly #parts: SlotLaneParts;
  #savedVersion = -1;
  #saving: Promise<void> = Promise.resolve();
  /** How many calls of `keep` are still passed over. */
  #resting = 0;

  constructor(parts: SlotLaneParts) {
    this.#parts = parts;
    this.book = parts.book;
    this.files = parts.files;
    this.lane = parts.delivery?.lane;
  }

  get id(): string {
    return this.book.lane;
  }

  /** No backend of the configuration is meant by it: what it owes is kept, and nothing is added. */
  get isOrphan(): boolean {
    return this.lane === undefined;
  }

  /** Saves in a round of many: the more seldom the more ranges the book has, so that it always costs about the same. */
  async keep(): Promise<void> {
    if (this.#resting-- > 0) return;
    await this.save();
  }

  /** Puts the book on disk, where it has changed since. One after the other. */
  save(): Promise<void> {
    const saved = this.#saving.then(async () => {
      const { version } = this.book;
      if (version === this.#savedVersion) return;
      const checkpoint = this.book.checkpoint();
      this.#resting = Math.floor(checkpoint.done.length / RANGES_A_ROUND);
      await this.#parts.checkpoint.write(checkpoint);
      this.#savedVersion = version;
    });
    this.#saving = saved.catch(() => {});
    return saved;
  }

  /** Puts the book on disk twice, so that damage to one copy makes nothing count as owed that is about to be deleted. */
  async saveTwice(): Promise<void> {
    await this.save();
    await this.#parts.checkpoint.repeat();
  }

  /** Sends nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    await this.#parts.delivery?.lane.stop();
  }

  async close(): Promise<void> {
    const { delivery, checkpoint } = this.#parts;
    await inTurn([
      () => this.stop(),
      async () => delivery?.quarantine.close(),
      () => this.save(),
      () => checkpoint.close(),
    ]);
  }

  measure(record: Recorder, slot: string): void {
    const labels = { backend: this.id, slot };
    this.book.measure(record, labels);
    this.#parts.delivery?.lane.measure(record);
    this.#parts.delivery?.quarantine.measure(record, labels);
  }
}
