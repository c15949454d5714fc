import { type Permit, TimeoutError, type Timer } from '@breakwater/resilience';
import type { JobOptions } from './job.js';
import type { Ticket } from './ticket.js';

/** Permits taken by hand: whoever has them ends what it does when `signal` is aborted, since they return then. */
export class FleetPermit implements Permit {
  readonly #ticket: Ticket;
  readonly #controller = new AbortController();
  readonly #alarm: Timer;
  #runsOn: JobOptions['runsOn'] | undefined;

  /** @internal */
  constructor({ name, clock, expirationMs, expired, runsOn }: JobOptions, ticket: Ticket) {
    this.#ticket = ticket;
    this.#alarm = clock.after(Math.max(0, ticket.endsAtMs - clock.now()), () => {
      expired();
      runsOn(1);
      this.#runsOn = runsOn;
      this.#controller.abort(new TimeoutError(name, expirationMs));
    });
  }

  /** Aborted when the time of the permits is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** When that is, in monotonic milliseconds of the limiter's clock. */
  get endsAtMs(): number {
    return this.#ticket.endsAtMs;
  }

  success(): void {
    this.#end();
  }

  failure(): void {
    this.#end();
  }

  ignore(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #end(): void {
    this.#alarm[Symbol.dispose]();
    this.#runsOn?.(-1);
    this.#runsOn = undefined;
    this.#ticket.release();
  }
}
