import type { Recorder } from '@breakwater/resilience';
import type { FrameSummary, NewFrame } from '../frames/frame.js';
import { AppendError, type FrameLog, type LogClosure, type ReadResult, type SegmentInfo } from '../log/frame-log.js';

/** As much of a log as an intake asks for: appends wait until the test lets the disk go on. */
export class GatedLog implements FrameLog {
  readonly directory = 'nowhere';
  nextSeq = 1;
  totalPoints = 0;
  closure: LogClosure | undefined;
  readonly appended: NewFrame[] = [];
  readonly #onCommit: (frames: readonly FrameSummary[]) => void;
  readonly #waiting: Array<{ frames: readonly NewFrame[]; resolve: () => void; reject: (error: Error) => void }> = [];

  constructor(onCommit: (frames: readonly FrameSummary[]) => void) {
    this.#onCommit = onCommit;
  }

  append(frames: readonly NewFrame[]): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ frames, resolve, reject }));
  }

  /** The disk takes what waits. */
  commit(): void {
    for (const { frames, resolve } of this.#waiting.splice(0)) {
      this.appended.push(...frames);
      this.#onCommit(
        frames.map(({ points, meta }) => {
          const seq = this.nextSeq++;
          this.totalPoints += points;
          return { seq, points, acceptedAtMs: 0, segment: 1, lanes: meta.lanes };
        }),
      );
      resolve();
    }
  }

  /** The disk refuses what waits. */
  fail(reason: LogClosure): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new AppendError(reason, `the disk said ${reason}`));
  }

  get bytes(): number {
    return this.segments().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  segments(): SegmentInfo[] {
    return [];
  }
  read(): Promise<ReadResult> {
    return Promise.resolve({ frames: [], gaps: [], nextSeq: this.nextSeq });
  }
  acceptedAtMs(): number {
    return 0;
  }
  remove(): Promise<boolean> {
    return Promise.resolve(true);
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  measure(_record: Recorder): void {}
}
