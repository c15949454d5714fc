import { type Destination, type Intake, IntakeError, type RefusedReason } from '@breakwater/delivery';
import type { Clock, Context, Recorder } from '@breakwater/resilience';
import { LineAccount } from '../line-account.js';
import type { Sink } from '../sink.js';
import { type LostReason, SinkError } from '../sink-error.js';
import { type CheckedLines, checkLines } from './check-lines.js';
import { Patience } from './patience.js';

export interface DeliverySinkOptions {
  /** The way into the log. */
  intake: Intake;
  /** Where the points go within each backend. */
  destination: Destination;
  clock: Clock;
  /** Told what an operator should know, in a line. */
  onNotice?: (notice: string) => void;
}

/** What waiting does not change. */
const FINAL: ReadonlySet<RefusedReason> = new Set(['malformed', 'too-large', 'shutdown', 'aborted', 'unknown-lane']);
const LEAST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

const LOST_BY: Partial<Record<RefusedReason, LostReason>> = {
  'log-full': 'log-full',
  'disk-full': 'disk-full',
  'disk-failed': 'disk',
  overloaded: 'overloaded',
  shutdown: 'closed',
  aborted: 'aborted',
};

/**
 * Hands lines to the log, from where they are delivered to every backend: written means on disk. While the log takes
 * nothing a write waits, until its caller gives up.
 */
export class DeliverySink implements Sink {
  readonly name = 'delivery';
  readonly #options: DeliverySinkOptions;
  readonly #account: LineAccount;
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(options: DeliverySinkOptions) {
    this.#options = options;
    this.#account = new LineAccount(this.name, options.clock);
  }

  async write(lines: readonly string[], context: Context): Promise<void> {
    if (lines.length === 0) return;
    this.#account.take(lines.length);
    if (this.#closed) throw this.#lose('closed', lines.length);
    if (context.signal.aborted) throw this.#lose('aborted', lines.length, context.signal.reason);
    const checked = checkLines(lines, this.#options.clock.wall());
    if (checked.refused > 0) this.#refuse(checked, lines.length);
    if (checked.points === 0) return;
    const storing = this.#store(checked, context);
    this.#underWay.add(storing);
    await storing.finally(() => this.#underWay.delete(storing));
  }

  #refuse({ refused, firstError }: CheckedLines, of: number): void {
    this.#account.refused('bad-line', refused);
    this.#options.intake.refuse('malformed', refused);
    this.#options.onNotice?.(`${this.name}: ${refused} of ${of} lines are no line protocol: ${firstError}`);
  }

  async #store(checked: CheckedLines, context: Context): Promise<void> {
    const { clock, intake } = this.#options;
    const patience = new Patience(context, clock);
    try {
      // A disk can hang: whoever waits is answered in time, and what it does in the end counts no more.
      await this.#account.timed(() => Promise.race([this.#offer(checked, patience), patience.over]));
      this.#account.written(checked.points, checked.bytes);
    } catch (error) {
      const refusal = error instanceof IntakeError ? error : undefined;
      const known = patience.signal.aborted ? intake.closure?.reason : refusal?.reason;
      const reason = known === undefined ? patience.reason : (LOST_BY[known] ?? 'refused');
      throw this.#lose(reason, checked.points, error);
    } finally {
      patience[Symbol.dispose]();
    }
  }

  async #offer({ pieces }: CheckedLines, patience: Patience): Promise<void> {
    const { intake, destination } = this.#options;
    for (;;) {
      let waitMs = intake.closure?.retryAfterMs;
      if (waitMs === undefined) {
        try {
          return await intake.accept({ lines: pieces, destination, signal: patience.signal });
        } catch (error) {
          if (!(error instanceof IntakeError) || FINAL.has(error.reason)) throw error;
          waitMs = error.retryAfterMs ?? LONGEST_WAIT_MS;
        }
      } else if (intake.closure?.reason === 'shutdown') {
        throw new IntakeError('shutdown', intake.closure.message);
      }
      await patience.wait(Math.min(LONGEST_WAIT_MS, Math.max(LEAST_WAIT_MS, waitMs)));
    }
  }

  #lose(reason: LostReason, lines: number, cause?: unknown): SinkError {
    this.#account.lost(reason, lines);
    return new SinkError(this.name, reason, lines, cause instanceof Error ? cause.message : undefined, cause);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }

  measure(record: Recorder): void {
    this.#account.measure(record);
  }
}
