import { TimeoutError } from '@breakwater/resilience';
import { ProbeError, type Reading } from '../probes/probe.js';
import { SlowShareFullError } from './target-slots.js';
import type { Turn } from './turn.js';
import { toTurnError, turnError } from './turn-error.js';

/** The collector has to stop, or to let go of the target, and cannot wait for a run any longer. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(message = 'the collector stopped before the run was over') {
    super(message);
  }
}

type Conclusion = Pick<Turn, 'outcome' | 'error' | 'readings'>;

/** What the operations of one run bring in, as it comes. */
export class Harvest {
  readonly #readings: Reading[] = [];
  readonly #errors: unknown[] = [];
  #succeeded = 0;

  took(readings: readonly Reading[]): void {
    this.#succeeded++;
    this.#readings.push(...readings);
  }

  failed(error: unknown): void {
    this.#errors.push(error);
    if (error instanceof ProbeError) this.#readings.push(...error.readings);
  }

  /** How the run ended, with what it had brought by then. `ended` is what cut it short, if something did. */
  conclude(ended: unknown): Conclusion {
    return { ...this.#end(ended), readings: [...this.#readings] };
  }

  #end(ended: unknown): Omit<Conclusion, 'readings'> {
    if (ended instanceof SlowShareFullError) return this.#cut('slow-share-full', ended);
    if (ended instanceof StoppedError) return this.#cut('aborted', ended);
    const timedOut = this.#errors.find(isTimeout);
    // The probe's own words say more than the policy's: at which stage it was.
    if (timedOut !== undefined || ended instanceof TimeoutError) {
      const error = timedOut instanceof ProbeError ? timedOut : ((ended ?? timedOut) as Error);
      return { outcome: 'timeout', error: turnError('timeout', error.message) };
    }
    const first = ended ?? this.#errors[0];
    if (first === undefined) return { outcome: 'up', error: undefined };
    return { outcome: this.#succeeded > 0 ? 'partial' : 'down', error: toTurnError(first) };
  }

  #cut(outcome: 'slow-share-full' | 'aborted', error: Error): Omit<Conclusion, 'readings'> {
    return { outcome, error: turnError(outcome, error.message) };
  }
}

const isTimeout = (error: unknown): boolean =>
  error instanceof TimeoutError || (error instanceof ProbeError && error.code === 'timeout');
