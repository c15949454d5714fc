import type { Clock } from '../../core/clock.js';
import type { Answer } from './question.js';

/** One look-up under way, shared by everybody who wants the same name. When the last of them leaves, it is called off. */
export class Flight {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #landed: Promise<Answer>;
  readonly #limit: Disposable;
  readonly #onLanding: (answer: Answer) => void;
  #land!: (answer: Answer) => void;
  #over = false;
  #passengers = 0;

  /** `onLanding` is told how it ended at the instant when it ends: nobody may join any more. */
  constructor(
    clock: Clock,
    timeoutMs: number,
    start: (signal: AbortSignal) => Promise<Answer>,
    onLanding: (answer: Answer) => void,
  ) {
    this.#clock = clock;
    this.#onLanding = onLanding;
    this.#landed = new Promise((resolve) => {
      this.#land = resolve;
    });
    this.#limit = clock.after(timeoutMs, () => this.#end({ code: 'ETIMEOUT' }));
    void start(this.#controller.signal).then((answer) => this.#end(answer));
  }

  #end(answer: Answer): void {
    if (this.#over) return;
    this.#over = true;
    this.#limit[Symbol.dispose]();
    this.#onLanding(answer);
    this.#land(answer);
    // Whatever is still asked is of no use any more.
    this.#controller.abort();
  }

  /** Waits for the answer; no longer than until `deadline` or the signal's abort. */
  join(signal: AbortSignal | undefined, deadline: number): Promise<Answer> {
    this.#passengers++;
    return new Promise((resolve) => {
      let timer: Disposable | undefined;
      const leave = (answer: Answer) => {
        timer?.[Symbol.dispose]();
        signal?.removeEventListener('abort', abort);
        resolve(answer);
      };
      const giveUp = (answer: Answer) => {
        leave(answer);
        if (--this.#passengers === 0) this.#end(answer);
      };
      const abort = () => giveUp({ code: 'ECANCELLED' });
      signal?.addEventListener('abort', abort, { once: true });
      if (deadline !== Number.POSITIVE_INFINITY) {
        timer = this.#clock.after(deadline - this.#clock.now(), () => giveUp({ code: 'ETIMEOUT' }));
      }
      void this.#landed.then(leave);
    });
  }
}
