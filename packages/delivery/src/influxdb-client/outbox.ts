import { type Clock, type Random, type Retry, retry } from '@breakwater/resilience';
import type { Destination } from '../frames/frame.js';
import { type Intake, IntakeError, type RefusedReason } from '../intake/intake.js';
import type { Lines } from '../lines/normalize.js';

export interface Batch {
  readonly lines: readonly Lines[];
  readonly destination: Destination;
  /** Gives up before it is written to disk. */
  readonly signal?: AbortSignal;
}

/** Refusals that pass by themselves: the batch is kept and offered again. */
const PASSING: ReadonlySet<RefusedReason> = new Set(['log-full', 'disk-full', 'disk-failed', 'overloaded']);
const LONGEST_PAUSE_MS = 5_000;

const passes = (error: unknown): error is IntakeError => error instanceof IntakeError && PASSING.has(error.reason);

/** Hands batches to intake one after the other, in their order, and keeps each until it is on disk. */
export class Outbox {
  readonly #intake: Intake;
  readonly #again: Retry;
  readonly #end = new AbortController();
  #tail: Promise<unknown> = Promise.resolve();
  #points = 0;
  #bytes = 0;
  #refusal: IntakeError | undefined;

  constructor(intake: Intake, options: { clock: Clock; random: Random }) {
    this.#intake = intake;
    this.#again = retry({
      name: 'durable-write-api',
      maxAttempts: Number.MAX_SAFE_INTEGER,
      maxDelayMs: LONGEST_PAUSE_MS,
      maxRetryAfterMs: Number.MAX_SAFE_INTEGER,
      classify: (outcome) => ('error' in outcome ? (passes(outcome.error) ? 'failure' : 'ignore') : 'success'),
      ...options,
    });
  }

  /** Points that are not on disk yet. */
  get points(): number {
    return this.#points;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Why intake took nothing when it was last asked. */
  get refusal(): IntakeError | undefined {
    return this.#refusal;
  }

  /**
   * Resolves when the batch is on disk.
   * @throws IntakeError when it never will be; RejectedError when the signal, or `abandon`, ended the wait.
   */
  send(batch: Batch): Promise<void> {
    const { points, bytes } = sizeOf(batch);
    this.#points += points;
    this.#bytes += bytes;
    const before = this.#tail;
    // One that is given up ends at once, whoever is before it.
    const sent = orAborted(before, batch.signal).then(() => this.#offer(batch));
    const settled = () => {
      this.#points -= points;
      this.#bytes -= bytes;
    };
    const over = sent.then(settled, settled);
    this.#tail = before.then(() => over);
    return sent;
  }

  /** Gives up what is not on disk. */
  abandon(): void {
    this.#end.abort();
  }

  async #offer({ lines, destination, signal }: Batch): Promise<void> {
    const ending = signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]);
    await this.#again.execute(
      async () => {
        try {
          await this.#intake.accept({ lines, destination, signal: ending });
          this.#refusal = undefined;
        } catch (error) {
          if (error instanceof IntakeError && error.reason !== 'aborted') this.#refusal = error;
          throw error;
        }
      },
      { signal: ending },
    );
  }
}

/** Resolves with the promise, which never rejects, or once the signal is aborted. */
function orAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return promise;
  return new Promise<void>((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
    void promise.then(done);
  });
}

function sizeOf({ lines }: Batch): { points: number; bytes: number } {
  let points = 0;
  let bytes = 0;
  for (const piece of lines) {
    points += piece.points;
    bytes += piece.body.length;
  }
  return { points, bytes };
}
