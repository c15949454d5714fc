import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { errors } from 'undici';
import type { Clock } from '../../core/clock.js';
import { literalAddress } from '../lookup/host-name.js';
import type { Address, NameLookup } from '../lookup/name-lookup.js';
import { NameLookupError } from '../lookup/name-lookup-error.js';
import { Race } from './race.js';
import type { TlsSessions } from './tls-sessions.js';

/** Options of the TLS handshake, as `tls.connect` takes them; where it connects to is not theirs to say. */
export type TlsOptions = Omit<
  ConnectionOptions,
  'host' | 'port' | 'path' | 'socket' | 'lookup' | 'session' | 'timeout'
>;

/** How long the steps of a connection took, in milliseconds; 0 for a step that was not needed. */
export interface ConnectPhases {
  readonly lookupMs: number;
  readonly tcpMs: number;
  readonly tlsMs: number;
}

/** A socket that is connected, after the TLS handshake where there is one. */
export interface Connected {
  /** What to talk through. */
  readonly socket: Socket | TLSSocket;
  /** The TCP socket below; its `close` says that nothing is left. The same as `socket` without TLS. */
  readonly transport: Socket;
  readonly address: Address;
  readonly phases: ConnectPhases;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly family?: 0 | 4 | 6;
  /** Makes a TLS handshake, too. */
  readonly tls?: TlsOptions | undefined;
  readonly sessions?: TlsSessions;
  readonly nameLookup: NameLookup;
  readonly clock: Clock;
  /** For look-up, TCP and TLS together. */
  readonly timeoutMs: number;
  readonly headStartMs: number;
  /** See `RaceOptions.extra`. */
  readonly extra: () => Disposable | undefined;
  /** Told once. With an error, nothing is open any more. */
  readonly done: (error: unknown, connected?: Connected) => void;
}

export type DialStage = 'lookup' | 'tcp' | 'tls';

const UNENDING: Disposable = { [Symbol.dispose]: () => {} };

/** One attempt to have a connection: look-up, race of the addresses, TLS handshake, within one time limit. */
export class Dial {
  readonly #options: DialOptions;
  readonly #startedMs: number;
  readonly #limit: Disposable;
  readonly #literal: Address | undefined;
  #stage: DialStage = 'lookup';
  #doing = 'looking up its name';
  #stop: (reason: unknown) => void = () => {};
  #over = false;

  constructor(options: DialOptions) {
    this.#options = options;
    const { clock, timeoutMs, host } = options;
    this.#startedMs = clock.now();
    this.#limit =
      timeoutMs === Number.POSITIVE_INFINITY ? UNENDING : clock.after(timeoutMs, () => this.#stop(this.#tooLate()));
    this.#literal = literalAddress(host);
    if (this.#literal === undefined) this.#lookUp();
    else this.#race([this.#literal], 0);
  }

  /** Ends the attempt; `done` is told `reason` once nothing is open any more. */
  cancel(reason: unknown): void {
    if (!this.#over) this.#stop(reason);
  }

  /** How far it came. */
  get stage(): DialStage {
    return this.#stage;
  }

  get #elapsedMs(): number {
    return this.#options.clock.now() - this.#startedMs;
  }

  #lookUp(): void {
    const { nameLookup, host, family = 0, timeoutMs } = this.#options;
    const controller = new AbortController();
    this.#stop = (reason) => {
      this.#end(reason);
      controller.abort(reason);
    };
    const options = { signal: controller.signal, family, deadline: this.#startedMs + timeoutMs };
    // Not at once: a look-up of somebody else's making may throw, or call back into whoever dials.
    const looking = Promise.resolve().then(() => nameLookup.lookup(host, options));
    looking.then(
      (addresses) => {
        if (addresses.length === 0) this.#end(new NameLookupError(host, 'ENODATA'));
        else if (!this.#over) this.#race(addresses, this.#elapsedMs);
      },
      (error: unknown) => this.#end(error),
    );
  }

  #race(addresses: readonly Address[], lookupMs: number): void {
    const { port, clock, headStartMs, extra, timeoutMs, tls } = this.#options;
    this.#stage = 'tcp';
    this.#doing = `connecting to ${addresses.map(({ address }) => address).join(', ')}`;
    const race = new Race({
      addresses,
      open: (address) => openSocket(address, port),
      clock,
      headStartMs,
      endsMs: this.#startedMs + timeoutMs,
      extra,
      done: (error, winner) => {
        if (winner === undefined) {
          this.#end(error);
          return;
        }
        const { socket, address } = winner;
        const phases = { lookupMs, tcpMs: this.#elapsedMs - lookupMs, tlsMs: 0 };
        if (tls === undefined) this.#end(undefined, { socket, transport: socket, address, phases });
        else this.#shakeHands({ socket, transport: socket, address, phases }, tls);
      },
    });
    this.#stop = (reason) => race.cancel(reason);
    race.start();
  }

  #shakeHands(plain: Connected, tls: TlsOptions): void {
    const { port, sessions } = this.#options;
    this.#stage = 'tls';
    this.#doing = 'in the TLS handshake';
    // What the certificate is checked against; an address is no server name (RFC 6066), nor is the dot at the end part of one.
    const host = this.#literal?.address ?? this.#options.host.replace(/\.$/, '');
    const servername = tls.servername ?? (this.#literal === undefined ? host : '');
    const key = `${servername || host}:${port}`;
    const session = sessions?.get(key);
    let secure: TLSSocket;
    try {
      secure = tlsConnect({ ...tls, socket: plain.transport, host, servername, ...(session && { session }) });
    } catch (error) {
      // Options that TLS will not have, a certificate that is none for example: thrown here, nobody could catch it.
      plain.transport.once('close', () => this.#end(error));
      plain.transport.destroy();
      return;
    }
    let failure: unknown;
    const fail = (error: unknown) => {
      failure ??= error;
    };
    const closed = () => {
      sessions?.delete(key);
      this.#end(failure ?? new errors.SocketError(`${host}:${port} closed the connection in the TLS handshake`));
    };
    secure.on('error', fail);
    secure.once('close', closed);
    secure.on('session', (next: Buffer) => sessions?.set(key, next));
    secure.once('secureConnect', () => {
      secure.off('error', fail);
      secure.off('close', closed);
      const tlsMs = this.#elapsedMs - plain.phases.lookupMs - plain.phases.tcpMs;
      this.#end(undefined, { ...plain, socket: secure, phases: { ...plain.phases, tlsMs } });
    });
    this.#stop = (reason) => {
      fail(reason);
      secure.destroy();
    };
  }

  #end(error: unknown, connected?: Connected): void {
    if (this.#over) return;
    this.#over = true;
    this.#limit[Symbol.dispose]();
    this.#options.done(error, connected);
  }

  #tooLate(): Error {
    const { host, port, timeoutMs } = this.#options;
    return new errors.ConnectTimeoutError(
      `no connection to ${host}:${port} after ${Math.round(timeoutMs)} ms (${this.#doing})`,
    );
  }
}

/** As undici does: Nagle's algorithm off, TCP keep-alive probes after a minute, and reads of up to 64 KiB. */
function openSocket({ address, family }: Address, port: number): Socket {
  const options: TcpNetConnectOpts & { highWaterMark: number } = {
    host: address,
    family,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    highWaterMark: 64 * 1024,
  };
  return connect(options);
}
