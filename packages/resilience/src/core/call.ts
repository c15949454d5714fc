import { Cancellation } from './cancellation.js';
import { TimeoutError } from './errors.js';
import type { Context, Operation, Options } from './types.js';

const NO_OPTIONS: Options = {};
const PROMPT: Disposable = { [Symbol.dispose]: () => {} };
let lastId = 0;

/**
 * One execution on its way through a pipeline: the context that its operation sees, and what policies share about it.
 * A policy that needs a tighter deadline, an abort of its own or another attempt makes a child. Everything is made when
 * first asked for: no AbortController unless the operation reads its signal, no listener unless somebody waits.
 */
export class Call implements Context {
  /** The same for every child of one execution. */
  readonly id: number;
  readonly operation: Operation<unknown>;
  readonly options: Options;
  readonly deadline: number;
  readonly attempt: number;
  readonly #parent: Call | undefined;
  #cancellation: Cancellation | undefined;
  #queues = 0;
  #runningOn = 0;
  #closed = false;
  #quiet: Array<() => void> | undefined;

  constructor(operation: Operation<unknown>, options: Options, deadline: number, attempt: number, parent?: Call) {
    this.id = parent === undefined ? ++lastId : parent.id;
    this.operation = operation;
    this.options = options;
    this.deadline = deadline;
    this.attempt = attempt;
    this.#parent = parent;
  }

  static root(operation: Operation<unknown>, options: Options = NO_OPTIONS): Call {
    return new Call(operation, options, options.deadline ?? Number.POSITIVE_INFINITY, 1);
  }

  /** The same execution, with a deadline no later than `deadline`. */
  child(deadline: number, attempt: number = this.attempt): Call {
    return new Call(this.operation, this.options, Math.min(this.deadline, deadline), attempt, this);
  }

  get signal(): AbortSignal {
    return this.#linked().signal;
  }

  get aborted(): boolean {
    if (this.#cancellation?.aborted === true) return true;
    return this.#parent === undefined ? this.options.signal?.aborted === true : this.#parent.aborted;
  }

  get reason(): unknown {
    if (this.#cancellation?.aborted === true) return this.#cancellation.reason;
    return this.#parent === undefined ? this.options.signal?.reason : this.#parent.reason;
  }

  /** What ended a call that was aborted: its deadline, or whoever gave it up. */
  get ending(): 'deadline' | 'aborted' {
    return this.reason instanceof TimeoutError ? 'deadline' : 'aborted';
  }

  /** Whether the caller's own signal was aborted (as opposed to a timeout of ours). */
  get abandoned(): boolean {
    return this.options.signal?.aborted === true;
  }

  abort(reason: unknown): void {
    this.#cancellation ??= new Cancellation();
    this.#cancellation.abort(reason);
  }

  /** Runs `listener` once when the call is aborted, at once if it was. */
  onAbort(listener: () => void): Disposable {
    if (this.aborted) {
      listener();
      return PROMPT;
    }
    return this.#linked().listen(listener);
  }

  /** Listens above, once somebody below cares. */
  #linked(): Cancellation {
    this.#cancellation ??= new Cancellation();
    const cancellation = this.#cancellation;
    if (cancellation.linked || cancellation.aborted) return cancellation;
    if (this.aborted) cancellation.abort(this.reason);
    else if (this.#closed) return cancellation;
    else if (this.#parent !== undefined)
      cancellation.link(this.#parent.onAbort(() => this.abort(this.#parent?.reason)));
    else if (this.options.signal !== undefined) cancellation.link(relay(this.options.signal, cancellation));
    return cancellation;
  }

  /** Stops listening above, for good: a caller's long-lived signal must not keep settled calls. */
  close(): void {
    this.#closed = true;
    this.#cancellation?.unlink();
  }

  /** Whether it stands in a queue of ours: it does not run, so the queue refuses it, and no timeout may claim that it ran. */
  get queued(): boolean {
    return this.#queues > 0;
  }

  enterQueue(): void {
    for (let call: Call | undefined = this; call !== undefined; call = call.#parent) call.#queues++;
  }

  leaveQueue(): void {
    for (let call: Call | undefined = this; call !== undefined; call = call.#parent) call.#queues--;
  }

  /** Whether anybody can abort it: if not, a wait needs no listener. */
  get abortable(): boolean {
    return (
      this.#parent !== undefined || this.options.signal !== undefined || this.deadline !== Number.POSITIVE_INFINITY
    );
  }

  /** Operations of this call that run on although a timeout already answered for them. */
  get runningOn(): number {
    return this.#runningOn;
  }

  /** Says that `running` goes on after its caller was answered: permits around it stay taken until it settles. */
  runOn(running: Promise<unknown>, settled: () => void): void {
    for (let call: Call | undefined = this; call !== undefined; call = call.#parent) call.#runningOn++;
    const done = () => {
      for (let call: Call | undefined = this; call !== undefined; call = call.#parent) call.#settleOne();
      settled();
    };
    running.then(done, done);
  }

  #settleOne(): void {
    if (--this.#runningOn > 0 || this.#quiet === undefined) return;
    const waiting = this.#quiet;
    this.#quiet = undefined;
    for (const run of waiting) run();
  }

  /** Runs `run` when no operation of this call runs any more: now, as a rule. */
  whenQuiet(run: () => void): void {
    if (this.#runningOn === 0) {
      run();
      return;
    }
    this.#quiet ??= [];
    this.#quiet.push(run);
  }
}

function relay(signal: AbortSignal, cancellation: Cancellation): Disposable {
  const abort = () => cancellation.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', abort) };
}
