import type { Measured, Recorder } from '@breakwater/resilience';
import type { NewFrame } from '../frames/frame.js';
import type { Lines } from '../lines/normalize.js';
import { AppendError, type FrameLog, type LogClosure } from '../log/frame-log.js';
import type { IntakeAccount } from './account.js';
import { type Intake, type IntakeClosure, IntakeError, type Offer, type RefusedReason } from './intake.js';
import { INTAKE_METRICS } from './metrics.js';

export interface LogIntakeOptions {
  readonly log: FrameLog;
  readonly account: IntakeAccount;
  readonly lanes: readonly string[];
  /** What the log may hold: a larger batch never fits. */
  readonly maxBytes: number;
  /** Why there is no room for so many bytes more; undefined: there is. */
  readonly full: (bytes: number) => IntakeClosure | undefined;
  /** Told when the answer to "does it take points?" changes. */
  readonly onChange: (closure: IntakeClosure | undefined) => void;
}

/** What may be on its way to the disk at once. */
const MAX_ENTERING_BYTES = 64 * 1024 * 1024;
/** A larger batch that finds no room says nothing about those of others. */
const USUAL_BYTES = 1024 * 1024;
const RETRY_MS = 1_000;
const SHUTDOWN_RETRY_MS = 5_000;

const REASONS: Readonly<Record<LogClosure, RefusedReason>> = {
  'disk-full': 'disk-full',
  'disk-failed': 'disk-failed',
  closed: 'shutdown',
};
const WORDS: Readonly<Record<LogClosure, string>> = {
  'disk-full': 'the disk of the log is full; free some of it, and it goes on by itself',
  'disk-failed': 'the disk of the log fails; it is tried again',
  closed: 'the log is closed',
};

/** Points on their way into one log. */
export class LogIntake implements Intake, Measured {
  readonly lanes: readonly string[];
  readonly #options: LogIntakeOptions;
  #enteringBytes = 0;
  readonly #underWay = new Set<Promise<void>>();
  /** The size of what was refused last for want of room, if it was no larger than usual: as long as that does not fit, it is full. */
  #refusedBytes = 1;
  #isClosing = false;
  #was: IntakeClosure | undefined;

  constructor(options: LogIntakeOptions) {
    this.#options = options;
    this.lanes = options.lanes;
  }

  get closure(): IntakeClosure | undefined {
    return this.#closure(this.#refusedBytes);
  }

  /** Tells of a change since the last look. */
  look(): void {
    const { closure } = this;
    const { onChange, log } = this.#options;
    if (closure?.reason !== this.#was?.reason) {
      onChange(closure && { ...closure, message: `${closure.message} (${log.directory})` });
    }
    this.#was = closure;
  }

  /** Takes nothing more. Resolves when what was on its way is on disk, or refused. */
  async shut(): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#underWay);
  }

  refuse(reason: RefusedReason, points: number): void {
    this.#options.account.refuse(reason, points);
  }

  async accept({ lines, destination, lanes, signal }: Offer): Promise<void> {
    const points = lines.reduce((sum, piece) => sum + piece.points, 0);
    if (points === 0) return;
    const bytes = lines.reduce((sum, piece) => sum + piece.body.length, 0);
    const { account, log } = this.#options;
    account.enter(points);
    const refusal = this.#refusal(bytes, lanes, signal);
    if (refusal !== undefined) {
      account.turnAway(refusal.reason, points);
      throw refusal;
    }
    this.#refusedBytes = 1;
    this.#enteringBytes += bytes;
    // The commit listener accounts for what is accepted, in the instant in which the lanes hear of it.
    const appending = log.append(framesOf(lines, destination, lanes));
    this.#underWay.add(appending);
    try {
      await appending;
    } catch (error) {
      const refused = refusalOf(error);
      account.turnAway(refused.reason, points);
      throw refused;
    } finally {
      this.#underWay.delete(appending);
      this.#enteringBytes -= bytes;
    }
  }

  measure(record: Recorder): void {
    this.#options.account.measure(record);
    record(INTAKE_METRICS.open, {}, this.closure === undefined ? 1 : 0);
  }

  #refusal(
    bytes: number,
    lanes: readonly string[] | undefined,
    signal: AbortSignal | undefined,
  ): IntakeError | undefined {
    if (signal?.aborted === true)
      return new IntakeError('aborted', 'the caller gave up before the points were written');
    const unknown = lanes?.filter((lane) => !this.lanes.includes(lane)) ?? [];
    if (unknown.length > 0) {
      const words = `no lane here leads to ${unknown.join(', ')}; configure the same backends on every replica`;
      return new IntakeError('unknown-lane', words);
    }
    const { maxBytes } = this.#options;
    if (bytes > maxBytes) {
      const words = `a batch of ${bytes} bytes never fits into a log of ${maxBytes}; send it in smaller parts, or let the log be larger`;
      return new IntakeError('too-large', words);
    }
    const closure = this.#closure(bytes);
    // The log finds out by itself when a disk works again: somebody has to ask it.
    if (closure === undefined || closure.reason === 'disk-full' || closure.reason === 'disk-failed') return undefined;
    this.#refusedBytes = Math.min(bytes, USUAL_BYTES);
    return new IntakeError(closure.reason, closure.message, { retryAfterMs: closure.retryAfterMs });
  }

  #closure(bytes: number): IntakeClosure | undefined {
    const { log, full } = this.#options;
    if (this.#isClosing) {
      const message = 'this process is shutting down and takes nothing more';
      return { reason: 'shutdown', message, retryAfterMs: SHUTDOWN_RETRY_MS };
    }
    if (log.closure !== undefined) {
      return { reason: REASONS[log.closure], message: WORDS[log.closure], retryAfterMs: RETRY_MS };
    }
    if (this.#enteringBytes + bytes > MAX_ENTERING_BYTES && this.#enteringBytes > 0) {
      const message = `${this.#enteringBytes} bytes are on their way to the disk already`;
      return { reason: 'overloaded', message, retryAfterMs: RETRY_MS };
    }
    return full(this.#enteringBytes + bytes);
  }
}

function framesOf(lines: readonly Lines[], destination: Offer['destination'], lanes: Offer['lanes']): NewFrame[] {
  const meta = {
    content: 'line-protocol',
    precision: 'ns',
    destination,
    ...(lanes !== undefined && { lanes }),
  } as const;
  return lines.map(({ body, points }) => ({ meta, body, points }));
}

function refusalOf(error: unknown): IntakeError {
  const message = error instanceof Error ? error.message : String(error);
  // What it cannot put into a frame it will not take the next time either.
  if (error instanceof RangeError) return new IntakeError('too-large', message, { cause: error });
  // Whoever offered the points is somebody else, whose business our folders are not: they are in the cause, for the log.
  const closure = error instanceof AppendError ? error.reason : 'disk-failed';
  return new IntakeError(REASONS[closure], WORDS[closure], { retryAfterMs: RETRY_MS, cause: error });
}
