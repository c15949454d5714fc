import { type Clock, ConfigError, type RejectedError, type Timer } from '@breakwater/resilience';
import { type Call, PriorityQueue, Queued } from '@breakwater/resilience/policy';
import type { LimiterRejection } from './metrics.js';
import type { Ticket } from './ticket.js';

export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  readonly refusal: (call: Call, reason: LimiterRejection) => RejectedError;
  /** Somebody came, or left without permits. */
  readonly changed: () => void;
}

class Waiter extends Queued {
  readonly call: Call;
  readonly weight: number;
  readonly settle: (end: Ticket | Error) => void;
  alarm: Timer | undefined;
  listening: Disposable | undefined;

  constructor(call: Call, weight: number, settle: (end: Ticket | Error) => void) {
    super();
    this.call = call;
    this.weight = weight;
    this.settle = settle;
  }
}

/** Where calls wait for permits, higher priority first: so many at most, and none longer than it may. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #queue = new PriorityQueue<Waiter>();
  #closed = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** What those need who wait, in their order. */
  *weights(): Generator<number> {
    for (const { weight } of this.#queue) yield weight;
  }

  /** Waits for permits. @throws RejectedError */
  async enter(call: Call, weight: number, priority: number): Promise<Ticket> {
    const reason = this.#refusedAtOnce(call);
    if (reason !== undefined) throw this.#options.refusal(call, reason);
    call.enterQueue();
    const end = await new Promise<Ticket | Error>((settle) => this.#wait(new Waiter(call, weight, settle), priority));
    call.leaveQueue();
    if (end instanceof Error) throw end;
    if (!call.aborted) return end;
    // Aborted between the grant and now: the permits are ours, and nothing else gives them back.
    end.release();
    throw this.#options.refusal(call, call.ending);
  }

  /** Gives permits to the first who waits for just so many; false if nobody does. */
  offer(ticket: Ticket): boolean {
    for (const waiter of this.#queue) {
      if (waiter.weight !== ticket.weight) continue;
      this.#end(waiter, ticket);
      return true;
    }
    return false;
  }

  /** Gives permits to one after the other, as long as `take` has any for the first who waits for no more than `most`. */
  serve(take: (weight: number) => Ticket | undefined, most: number): void {
    for (let first = this.#firstWithin(most); first !== undefined; first = this.#firstWithin(most)) {
      const ticket = take(first.weight);
      if (ticket === undefined) return;
      this.#end(first, ticket);
    }
  }

  #firstWithin(most: number): Waiter | undefined {
    for (const waiter of this.#queue) if (waiter.weight <= most) return waiter;
    return undefined;
  }

  /** Refuses whoever waits for more than there can ever be. */
  refuseHeavier(heaviest: number, name: string): void {
    const heavy = [...this.#queue].filter(({ weight }) => weight > heaviest);
    for (const waiter of heavy) this.#end(waiter, tooHeavy(name, waiter.weight, heaviest));
  }

  /** Refuses everybody, now and from now on. */
  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#queue]) this.#refuse(waiter, 'shutdown');
  }

  #refusedAtOnce(call: Call): LimiterRejection | undefined {
    if (this.#closed) return 'shutdown';
    if (call.aborted) return call.ending;
    if (call.deadline <= this.#options.clock.now()) return 'deadline';
    return this.#queue.size >= this.#options.maxQueue ? 'queue-full' : undefined;
  }

  #wait(waiter: Waiter, priority: number): void {
    const { clock, queueTimeoutMs } = this.#options;
    const { call } = waiter;
    const leftMs = call.deadline - clock.now();
    const reason = leftMs <= queueTimeoutMs ? 'deadline' : 'queue-timeout';
    this.#queue.push(waiter, priority);
    waiter.alarm = clock.after(Math.min(leftMs, queueTimeoutMs), () => this.#refuse(waiter, reason));
    if (call.abortable) waiter.listening = call.onAbort(() => this.#refuse(waiter, call.ending));
    this.#options.changed();
  }

  #refuse(waiter: Waiter, reason: LimiterRejection): void {
    this.#end(waiter, this.#options.refusal(waiter.call, reason));
    this.#options.changed();
  }

  #end(waiter: Waiter, end: Ticket | Error): void {
    this.#queue.remove(waiter);
    waiter.alarm?.[Symbol.dispose]();
    waiter.listening?.[Symbol.dispose]();
    waiter.settle(end);
  }
}

/** Why a call is refused that can never have its permits. */
export const tooHeavy = (name: string, weight: number, heaviest: number): ConfigError =>
  new ConfigError(
    `${name}: weight is ${weight}; it must be a whole number from 1 to ${heaviest}, the permits there are`,
  );
