import type { Socket } from 'node:net';
import { AbstractConnector, Redis } from 'ioredis';

/** One connection to one server for as long as it lasts: it never comes back, and nothing is sent twice. */
export interface Wire {
  /** The server's answer; its error answers (`isErrorReply`), and the end of the connection, are rejections. */
  call(command: string, args: readonly (string | number)[]): Promise<unknown>;
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Told once when it is over, at once if it is. */
  onEnd(listener: (reason: Error) => void): void;
  /** Ends it now, whatever the server does. */
  destroy(reason: Error): void;
}

export interface HandshakeOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db: number;
  /** What CLIENT LIST shows. */
  readonly name: string;
}

/** An answer of the server that says no, in its words. */
export const isErrorReply = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';

/** Speaks Redis' protocol over a connected socket: authenticates, chooses the database, and gives the wire when that is done. */
export function openWire(socket: Socket, options: HandshakeOptions): Promise<Wire> {
  return IoredisWire.open(socket, options);
}

class IoredisWire implements Wire {
  readonly #socket: Socket;
  readonly #redis: Redis;
  #reason: Error | undefined;
  #over = false;
  #listener: (reason: Error) => void = () => {};

  static async open(socket: Socket, options: HandshakeOptions): Promise<Wire> {
    const wire = new IoredisWire(socket, options);
    try {
      await wire.#redis.connect();
    } catch (error) {
      throw wire.#reason ?? error;
    }
    // A database that does not exist is only an event to ioredis, which would go on in database 0.
    if (wire.#reason !== undefined) {
      wire.#redis.disconnect();
      socket.destroy();
      throw wire.#reason;
    }
    return wire;
  }

  private constructor(socket: Socket, { username, password, db, name }: HandshakeOptions) {
    this.#socket = socket;
    const because = (error: Error) => {
      this.#reason ??= error;
    };
    socket.on('error', because);
    this.#redis = new Redis({
      Connector: connectorOf(socket),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      db,
      connectionName: name,
      lazyConnect: true,
      // Every server and every proxy speaks it, and there is nothing in 3 that we need.
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
    this.#redis.on('end', () => {
      this.#over = true;
      this.#listener(this.#why());
    });
  }

  #why(): Error {
    return this.#reason ?? new Error('the server closed the connection');
  }

  async call(command: string, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.call(command, ...args);
    } catch (error) {
      throw isErrorReply(error) ? error : this.#why();
    }
  }

  onMessage(listener: (channel: string, message: string) => void): void {
    this.#redis.on('message', listener);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#listener = listener;
    if (this.#over) listener(this.#why());
  }

  destroy(reason: Error): void {
    this.#reason ??= reason;
    this.#redis.disconnect();
    this.#socket.destroy();
  }
}

/** ioredis is given the socket instead of making one. */
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
