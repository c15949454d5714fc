import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.js';
import type { Address } from '../lookup/name-lookup.js';

export interface RaceOptions {
  readonly addresses: readonly Address[];
  /** Starts to connect to an address. */
  readonly open: (address: Address) => Socket;
  readonly clock: Clock;
  /** How long an address is tried alone before the next joins in, in milliseconds. */
  readonly headStartMs: number;
  /** The instant when all must be over, by the clock: a socket that may not be joined gets its share of the time. */
  readonly endsMs: number;
  /** Leave to have one more socket than one; `undefined` where there is none to have. Disposed when that socket is closed. */
  readonly extra: () => Disposable | undefined;
  /** Told once: the socket that connected first, or why none did. In the latter case every socket is closed by then. */
  readonly done: (error: unknown, winner?: { socket: Socket; address: Address }) => void;
}

/**
 * Connects to one of several addresses, in order: each has a head start, then the next joins in (RFC 8305, "Happy
 * Eyeballs"); the first to connect wins and the others are closed. Where no further socket may be had, the present one is
 * given up after its share of the time instead, so that a dead address cannot use up all of it.
 */
export class Race {
  readonly #options: RaceOptions;
  readonly #running = new Set<Socket>();
  readonly #extras: Disposable[] = [];
  readonly #errors: Error[] = [];
  #next = 0;
  #timer: Disposable | undefined;
  #over = false;
  #cancelled = false;
  #reason: unknown;

  constructor(options: RaceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#join();
  }

  /** Closes everything; `done` is told `reason` once that is done. */
  cancel(reason: unknown): void {
    if (this.#over || this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    this.#stopTimer();
    for (const socket of this.#running) socket.destroy();
  }

  #join(): void {
    this.#stopTimer();
    const { addresses, open } = this.#options;
    const address = addresses[this.#next++]!;
    const socket = open(address);
    this.#running.add(socket);
    const fail = (error: Error) => this.#errors.push(error);
    socket.on('error', fail);
    const closed = () => this.#lose(socket);
    socket.once('close', closed);
    socket.once('connect', () => {
      if (this.#over || this.#cancelled) return;
      socket.off('error', fail);
      socket.off('close', closed);
      this.#win(socket, address);
    });
    if (this.#next < addresses.length) this.#armHeadStart(socket);
  }

  #armHeadStart(socket: Socket): void {
    const { clock, headStartMs, extra } = this.#options;
    this.#timer = clock.after(headStartMs, () => {
      const lease = extra();
      if (lease === undefined) {
        this.#armShare(socket);
        return;
      }
      this.#extras.push(lease);
      this.#join();
    });
  }

  /** Nobody may join: the socket goes on until the time that is left for it and the addresses after it is shared out. */
  #armShare(socket: Socket): void {
    const { addresses, clock, endsMs } = this.#options;
    const shareMs = (endsMs - clock.now()) / (addresses.length - this.#next + 1);
    this.#timer = clock.after(shareMs, () => {
      const { address } = addresses[this.#next - 1]!;
      socket.destroy(timedOut(address));
    });
  }

  #win(socket: Socket, address: Address): void {
    this.#over = true;
    this.#stopTimer();
    this.#running.delete(socket);
    for (const loser of this.#running) loser.destroy();
    this.#options.done(undefined, { socket, address });
  }

  #lose(socket: Socket): void {
    this.#running.delete(socket);
    if (!this.#over && !this.#cancelled && this.#next < this.#options.addresses.length) {
      // The next takes the place of the one that failed.
      this.#join();
      return;
    }
    this.#extras.pop()?.[Symbol.dispose]();
    if (this.#over || this.#running.size > 0) return;
    this.#over = true;
    this.#stopTimer();
    this.#options.done(this.#cancelled ? this.#reason : summary(this.#errors));
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

function timedOut(address: string): Error {
  return Object.assign(new Error(`connect ETIMEDOUT ${address}`), { code: 'ETIMEDOUT', address });
}

/** The error where there was one; else all of them, with the code of the first, as Node has it. */
function summary(errors: readonly Error[]): Error {
  if (errors.length === 1) return errors[0]!;
  const message = errors.map((error) => error.message).join('; ');
  return Object.assign(new AggregateError(errors, message), { code: (errors[0] as NodeJS.ErrnoException).code });
}
