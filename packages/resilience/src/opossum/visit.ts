import type { Call } from '../core/call.js';
import type { TimeoutError } from '../core/errors.js';
import { classifyErrors, judgeError } from '../core/judge.js';
import type { Next } from '../core/layer.js';
import type { Verdict } from '../core/types.js';

/** An error that says nothing about the other side. The guest gets it as a value, since it knows no third verdict. */
export class Ignored {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Why the guest did not run a call, and the error that it says so with. */
export interface GuestRefusal {
  readonly reason: 'open' | 'probing' | 'queue-full';
  readonly error: Error;
}

/** One call on its way through a guest: what its `errorFilter` and its fallback get as an argument. */
export interface OpossumCall {
  run(): Promise<unknown>;
}

/** One call that is with the guest: what the guest did with it, and what became of its operation. */
export class Visit implements OpossumCall {
  readonly host: object;
  /** What the operation sees; a child, if the guest has a timeout. */
  readonly call: Call;
  /** After how long the guest gives it up, in milliseconds; 0: never. */
  readonly limitMs: number;
  readonly startedMs: number;
  /** Whether the guest was enabled as it came: else it counts nothing. */
  readonly counted: boolean;
  readonly #next: Next;
  refusal: GuestRefusal | undefined;
  /** The guest counts it as failed. */
  failed = false;
  /** The guest gave it up while its operation ran. */
  timeout: TimeoutError | undefined;
  /** The guest gave it up while it stood in a queue further in: that queue's refusal is the answer. */
  displaced = false;
  /** The guest has admitted it. */
  begun = false;
  running: Promise<unknown> | undefined;
  /** What the operation came to, once it settled. */
  verdict: Verdict | undefined;

  constructor(host: object, call: Call, next: Next, startedMs: number, limitMs: number, counted: boolean) {
    this.host = host;
    this.call = limitMs > 0 ? call.child(startedMs + limitMs) : call;
    this.limitMs = limitMs;
    this.startedMs = startedMs;
    this.counted = counted;
    this.#next = next;
  }

  /** Called by the guest, through its action, if it admits the call. */
  run(): Promise<unknown> {
    this.begun = true;
    this.running = this.#next(this.call);
    return this.running.then(
      (value) => {
        this.verdict = 'success';
        return value;
      },
      (error: unknown) => {
        this.verdict = judgeError(classifyErrors, this.call, error);
        if (this.verdict === 'ignore') return new Ignored(error);
        throw error;
      },
    );
  }
}
