import { type Clock, TimeoutError, type Timer } from '@breakwater/resilience';
import type { Call, Next } from '@breakwater/resilience/policy';
import type { Ticket } from './ticket.js';

export interface JobOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly expirationMs: number;
  /** Its permits' time is over, and it is aborted. */
  readonly expired: () => void;
  /** One more that has not ended then, or one less. */
  readonly runsOn: (change: 1 | -1) => void;
}

/**
 * Runs the rest of a pipeline with permits, and gives them back when nothing of it runs any more. When the permits' time
 * is over it is aborted, and its caller answered: another replica may have them from then on.
 */
export function runJob(options: JobOptions, ticket: Ticket, call: Call, next: Next): Promise<unknown> {
  const { name, clock, expirationMs, expired, runsOn } = options;
  return new Promise((resolve, reject) => {
    const child = call.child(ticket.endsAtMs);
    const running = next(child);
    const alarm: Timer = clock.after(Math.max(0, ticket.endsAtMs - clock.now()), () => {
      const error = new TimeoutError(name, expirationMs);
      expired();
      if (!child.queued) {
        runsOn(1);
        child.runOn(running, () => runsOn(-1));
        reject(error);
      }
      // A queue further in refuses what still stands in it.
      child.abort(error);
    });
    const settle = () => {
      alarm[Symbol.dispose]();
      child.close();
      call.whenQuiet(() => ticket.release());
    };
    running.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
