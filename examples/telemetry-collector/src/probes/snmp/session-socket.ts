import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';

/**
 * The socket of one SNMP session, in the form in which net-snmp uses one, but connected: the kernel lets through only what
 * comes from the agent's address and port, and reports a closed port, which would be silence otherwise. What goes wrong
 * is the event `failed`, not `error`, which net-snmp would take and lose.
 */
export class SessionSocket extends EventEmitter {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('message', (message) => this.emit('message', message));
    socket.on('close', () => this.emit('close'));
    socket.on('error', (error) => this.emit('failed', error));
  }

  /** `address` is an address, not a name. */
  static open(address: string, family: 4 | 6, port: number): Promise<SessionSocket> {
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    return new Promise((resolve, reject) => {
      const connected = (error?: Error) => {
        if (error === undefined) {
          resolve(new SessionSocket(socket));
          return;
        }
        socket.close();
        reject(error);
      };
      // Its types do not know that it is called with the error where there is one.
      socket.connect(port, address, connected);
    });
  }

  /** The port and the address that net-snmp repeats with every message are those it is connected to. */
  send(
    buffer: Buffer,
    offset: number,
    length: number,
    _port: number,
    _address: string,
    sent: (error: Error | null, bytes: number) => void,
  ): void {
    if (this.#closed) return;
    this.#socket.send(buffer, offset, length, (error, bytes) => {
      // After the end a session must not start to wait for an answer.
      if (!this.#closed) sent(error, bytes);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  /** net-snmp keeps the process alive only while it waits; a run's own limits do that here. */
  ref(): void {}
  unref(): void {}
}
