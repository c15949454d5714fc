import { numberOption } from '../config/option.js';
import type { Recorder } from '../metrics/definition.js';
import { Gate, type GateOptions } from './gate.js';
import { FixedLimit } from './limit.js';
import { SEMAPHORE_METRICS } from './metrics.js';
import { PermitPool } from './permit-pool.js';

export interface SemaphoreOptions extends GateOptions {
  /** How many permits there are: the weights of all operations that run never sum up to more. A whole number of at least 1. */
  permits: number;
  /** How many calls may wait, whatever they weigh; the next is refused with `queue-full`. 0: nobody waits. Default 1000. */
  maxQueue?: number;
}

/**
 * Lets so many operations run at once, and the others wait: higher `priority` first, oldest first within one. When there
 * are too few permits for the first, everybody behind it waits, so a heavy call is not overtaken by light ones of its own
 * or a lower priority. An operation holds its permits until it settles, also after a timeout has answered its caller.
 *
 * A call is refused with `queue-full` and `queue-timeout`; with `deadline` or `aborted` at once when that comes while it
 * waits; with `shutdown`; and with a ConfigError when it weighs more than there are permits, as it would wait for ever.
 */
export class Semaphore extends Gate {
  readonly #limit: FixedLimit;

  constructor(options: SemaphoreOptions) {
    const name = options.name ?? 'semaphore';
    const limit = new FixedLimit(numberOption(name, 'permits', options.permits, { min: 1, integer: true }));
    const maxQueue = numberOption(name, 'maxQueue', options.maxQueue ?? 1000, {
      min: 0,
      integer: true,
      infinite: true,
    });
    super(name, options, new PermitPool(limit, maxQueue));
    this.#limit = limit;
  }

  /** How many permits there are. */
  get permits(): number {
    return this.#limit.permits;
  }

  /**
   * Sets how many permits there are. More are granted at once. If they become fewer, who has permits keeps them, and
   * nobody gets any until enough came back; who waits for more than there are now is refused with a ConfigError.
   */
  resize(permits: number): void {
    this.#limit.permits = numberOption(this.name, 'permits', permits, { min: 1, integer: true });
    this.limitChanged();
  }

  override measure(record: Recorder): void {
    record(SEMAPHORE_METRICS.permits, { policy: this.name }, this.permits);
    super.measure(record);
  }
}

/** Limits how many operations run at once. */
export function semaphore(options: SemaphoreOptions): Semaphore {
  return new Semaphore(options);
}
