import type { Socket } from 'node:net';
import { AbstractConnector, Redis } from 'ioredis';
import type { Credentials } from './options.js';

/** One connection to one server for as long as it lasts: it never comes back, and nothing is sent twice. */
export interface Wire {
  /** Whether a call would be sent. Where it is false nothing was. */
  readonly open: boolean;
  /** The server's answer; its error answers (`isErrorReply`) and the end of the connection are rejections. */
  call(command: string, args: readonly (string | number)[]): Promise<unknown>;
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Told once when it is over, at once if it is. */
  onEnd(listener: (reason: Error) => void): void;
  /** Ends it now, whatever the server does. */
  destroy(reason: Error): void;
}

export interface HandshakeOptions {
  readonly credentials: Credentials | undefined;
  readonly db: number;
  /** What CLIENT LIST shows. */
  readonly name: string;
}

/** What ioredis' parser says of bytes that are none of the protocol, and asks to report. */
const isNonsense = (error: Error): boolean => error.message.endsWith('Please report this.');
const NOT_REDIS = "what answers there does not speak Redis' protocol";

/** An answer of the server that says no, in its words. */
export const isErrorReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/**
 * Speaks Redis' protocol over a connected socket: authenticates, chooses the database, and gives the wire when that is done.
 * @throws Why there is none; the socket is closed then.
 */
export function openWire(socket: Socket, options: HandshakeOptions): Promise<Wire> {
  return IoredisWire.open(socket, options);
}

/**
 * ioredis speaks the protocol, and does nothing else: it is given the socket, and its reconnecting, its queues and its
 * sending again are off, since none of them has a deadline.
 */
class IoredisWire implements Wire {
  readonly #socket: Socket;
  readonly #redis: Redis;
  #reason: Error | undefined;
  #over = false;
  #listener: (reason: Error) => void = () => {};

  static async open(socket: Socket, options: HandshakeOptions): Promise<Wire> {
    const wire = new IoredisWire(socket, options);
    await wire.#redis.connect().catch((error: Error) => wire.destroy(error));
    // Also where ioredis says that it is ready: a database that does not exist is only an event to it.
    if (wire.#reason === undefined) return wire;
    wire.destroy(wire.#reason);
    throw wire.#reason;
  }

  private constructor(socket: Socket, { credentials, db, name }: HandshakeOptions) {
    this.#socket = socket;
    const because = (error: Error) => {
      this.#reason ??= isNonsense(error) ? new Error(NOT_REDIS, { cause: error }) : withoutCommand(error);
    };
    socket.on('error', because);
    socket.once('close', () => {
      this.#over = true;
      this.#reason ??= new Error('the server closed the connection');
      this.#listener(this.#reason);
    });
    this.#redis = new Redis({
      Connector: connectorOf(socket),
      ...credentials,
      db,
      connectionName: name,
      lazyConnect: true,
      // Version 3 has nothing that we need, and not every proxy speaks it.
      protocol: 2,
      disableClientInfo: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    this.#redis.on('error', because);
  }

  get open(): boolean {
    return this.#reason === undefined && this.#redis.status === 'ready' && this.#socket.writable;
  }

  call(command: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.#redis.call(command, ...args).catch((error: Error) => {
      throw withoutCommand(error);
    });
  }

  onMessage(listener: (channel: string, message: string) => void): void {
    this.#redis.on('message', listener);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#listener = listener;
    if (this.#over) listener(this.#reason!);
  }

  destroy(reason: Error): void {
    this.#reason ??= reason;
    this.#redis.disconnect();
    this.#socket.destroy();
  }
}

/** ioredis notes at an error answer what was asked: at that to AUTH, the password. */
function withoutCommand(error: Error & { command?: unknown }): Error {
  delete error.command;
  return error;
}

function connectorOf(socket: Socket): new (options: unknown) => AbstractConnector {
  return class extends AbstractConnector {
    constructor() {
      super(0);
      this.stream = socket;
    }

    connect(): Promise<Socket> {
      return Promise.resolve(socket);
    }
  };
}
