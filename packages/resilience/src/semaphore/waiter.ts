import type { Call } from '../core/call.js';
import { DueAlarm } from '../core/due-alarms.js';
import { PermitRequest } from './admission.js';

/** A call that waits for its permits: what the pure queue holds, with its promise and what can end the wait. */
export class Waiter extends PermitRequest {
  readonly call: Call;
  /** Ends the wait: granted, or refused with an error. */
  readonly settle: (refusal: Error | undefined) => void;
  /** When the wait began, if it is timed. */
  sinceMs: number | undefined;
  /** What ends the wait when its time is up, and when the call is aborted. */
  alarm: WaitAlarm | undefined;
  listening: Disposable | undefined;

  constructor(call: Call, weight: number, priority: number, settle: (refusal: Error | undefined) => void) {
    super(weight, priority, call.options.key);
    this.call = call;
    this.settle = settle;
  }
}

export class WaitAlarm extends DueAlarm {
  readonly #timeIsUp: () => void;

  constructor(timeIsUp: () => void) {
    super();
    this.#timeIsUp = timeIsUp;
  }

  expire(): void {
    this.#timeIsUp();
  }
}
