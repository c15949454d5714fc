import type { Socket } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';
import type { Clock } from '../../core/clock.js';
import { type Connected, Dial, type DialOptions, type DialStage } from '../connect/dial.js';
import type { Exchange } from './exchange.js';
import type { Slot, SlotState } from './origin.js';
import { STALE } from './retry-once.js';

/** Where a connection leads to. */
export interface Destination {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** The name that the certificate must be for; undefined: the host. */
  readonly servername: string | undefined;
}

/** Who hears what becomes of a connection. */
export interface ConnectionOwner<O extends Destination> {
  opened(connection: Connection<O>, connected: Connected): void;
  /** It could not be opened, or opening it was cancelled; `closed` follows. */
  failed(connection: Connection<O>, error: Error): void;
  /** It has carried its request and can carry another. */
  released(connection: Connection<O>): void;
  /** Its socket is the user's now, and still counts; `closed` follows. */
  detached(connection: Connection<O>): void;
  /** It is of no use any more, and the other side may not know yet; `closed` follows. */
  lost(connection: Connection<O>): void;
  /** Nothing is left of it. */
  closed(connection: Connection<O>, error: Error): void;
}

export interface ConnectionSettings {
  readonly clock: Clock;
  readonly dial: Omit<DialOptions, 'host' | 'port' | 'tls' | 'done' | 'clock' | 'extra'>;
  readonly tls: NonNullable<DialOptions['tls']>;
  readonly client: Client.Options;
  readonly keepAliveTimeoutMs: number;
}

/**
 * How long a socket that we close keeps its place, unless the other side closes its end before. A place that is given away
 * at once lets servers count too many sockets (measured: 152 where the cap was 100), as they learn of the end of one when
 * its successor is there already.
 */
const LINGER_MS = 500;

/** One socket and undici's client for it, which sends one request after the other. */
export class Connection<O extends Destination> implements Slot<Connection<O>, O> {
  ahead: Connection<O> | undefined;
  behind: Connection<O> | undefined;
  state: SlotState = 'connecting';
  readonly origin: O;
  readonly #settings: ConnectionSettings;
  readonly #owner: ConnectionOwner<O>;
  readonly #dial: Dial;
  #connected: Connected | undefined;
  #client: Client | undefined;
  #exchange: Exchange<O> | undefined;
  #served = 0;
  #error: Error | undefined;
  #retiring: Disposable | undefined;
  #endLingering: (() => void) | undefined;
  /** Whether the other side knows, or had its time to learn, that the socket is being closed. */
  #told = false;
  #givenUp = false;

  constructor(origin: O, settings: ConnectionSettings, owner: ConnectionOwner<O>, extra: () => Disposable | undefined) {
    this.origin = origin;
    this.#settings = settings;
    this.#owner = owner;
    const servername = origin.servername ?? settings.tls.servername;
    this.#dial = new Dial({
      ...settings.dial,
      clock: settings.clock,
      host: origin.host,
      port: origin.port,
      tls: origin.secure ? { ...settings.tls, ...(servername !== undefined && { servername }) } : undefined,
      extra,
      done: (error, connected) => {
        if (connected === undefined) this.#notOpened(error as Error);
        else this.#opened(connected);
      },
    });
  }

  /** Whether it has carried a request before the present one. */
  get reused(): boolean {
    return this.#served > 1;
  }

  brokeWith(error: Error): boolean {
    return this.#error === error;
  }

  get client(): Dispatcher | undefined {
    return this.#client;
  }

  /** How far opening it came. */
  get stage(): DialStage {
    return this.#dial.stage;
  }

  /** Whether the pool itself gave it up. */
  get givenUp(): boolean {
    return this.#givenUp || this.state === 'closing';
  }

  /** Ends the attempt to open it. */
  cancel(reason: Error): void {
    this.#dial.cancel(reason);
  }

  #notOpened(error: Error): void {
    this.#owner.failed(this, error);
    if (this.#dial.stage === 'tls' && !this.#givenUp) this.#linger(error);
    else this.#owner.closed(this, error);
  }

  #opened(connected: Connected): void {
    this.#connected = connected;
    const { socket, transport } = connected;
    socket.on('error', (error) => {
      this.#error = error;
    });
    transport.once('close', () => this.#onClose());
    this.#client = new Client(this.origin.url.origin, { ...this.#settings.client, connect: connectorFor(socket) });
    this.#owner.opened(this, connected);
    if (this.state === 'idle') this.#park(socket);
  }

  /** Nobody waits for it any more: the client looks after an idle socket only once it has used it. */
  #park(socket: Socket): void {
    socket.setTimeout(this.#settings.keepAliveTimeoutMs, this.#unused);
    socket.unref();
    socket.resume();
  }

  readonly #unused = (): void => this.abandon();

  serve(exchange: Exchange<O>, waitedMs: number): void {
    const { socket, phases } = this.#connected!;
    const reused = this.#served++ > 0;
    // The listener goes with it: whom the socket is given away to may set timeouts too.
    if (!reused) socket.setTimeout(0, this.#unused).ref();
    const opening = reused ? { lookupMs: 0, tcpMs: 0, tlsMs: 0 } : phases;
    this.#exchange = exchange;
    exchange.assign(this, { phases: { waitedMs, reused, ...opening }, socket });
    this.#client!.dispatch(exchange.options, exchange as unknown as Dispatcher.DispatchHandler);
  }

  /** The client is done with the exchange. If its socket is not reusable, it is destroyed by now. */
  finished(exchange: Exchange<O>, answered: boolean): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    // After a complete answer that is because either side had announced it.
    if (this.#connected!.socket.destroyed) this.#told ||= answered;
    else if (this.state === 'busy') this.#owner.released(this);
  }

  /** Its socket was upgraded and is the user's now. */
  detach(): void {
    this.#exchange = undefined;
    this.#owner.detached(this);
  }

  /** It is not to be used any more. */
  abandon(): void {
    this.#owner.lost(this);
    this.retire();
  }

  /** Closes it in good order: the other side is told, and has a moment to close its end. */
  retire(): void {
    const { socket } = this.#connected!;
    if (this.#retiring !== undefined) return;
    this.#told = true;
    socket.end();
    this.#retiring = this.#settings.clock.after(LINGER_MS, () => socket.destroy());
  }

  /** Closes it whatever it is doing; its request fails with `error`. */
  destroy(error: Error): void {
    this.#givenUp = true;
    this.#endLingering?.();
    this.cancel(error);
    this.#client?.destroy(error, () => {});
    this.#connected?.socket.destroy();
  }

  #onClose(): void {
    const error = this.#error ?? new errors.SocketError('closed');
    const ended = this.#connected!.socket.readableEnded || wasReset(error);
    this.#retiring?.[Symbol.dispose]();
    if (ended || this.#told || this.#givenUp) this.#owner.closed(this, error);
    else this.#linger(error);
  }

  #linger(error: Error): void {
    this.#owner.lost(this);
    const closed = () => {
      this.#endLingering = undefined;
      timer[Symbol.dispose]();
      this.#owner.closed(this, error);
    };
    const timer = this.#settings.clock.after(LINGER_MS, closed);
    this.#endLingering = closed;
  }
}

const wasReset = (error: Error): boolean => (error as NodeJS.ErrnoException).code === 'ECONNRESET';

/** Hands the client the socket that there is, once: a client may not open another, since that would count for nobody. */
function connectorFor(socket: Socket): NonNullable<Client.Options['connect']> {
  let given = false;
  return (_options, callback) => {
    if (given) {
      callback(STALE, null);
      return;
    }
    given = true;
    // The client goes on to send only if it is not told before its request to connect returns.
    queueMicrotask(() => callback(null, socket));
  };
}
