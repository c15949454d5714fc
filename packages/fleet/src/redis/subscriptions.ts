import { publish } from '../events.js';
import type { Connection } from './connection.js';
import { isErrorReply, type Wire } from './wire.js';

interface Listener {
  readonly onMessage: (message: string) => void;
  readonly onGap: () => void;
}

interface Channel {
  readonly listeners: Set<Listener>;
  /** The wire on which its messages come. */
  wire: Wire | undefined;
}

/** Who listens to which channel, over a connection that is there while somebody does. */
export class Subscriptions {
  readonly #connect: (onReady: (wire: Wire) => void) => Connection;
  readonly #channels = new Map<string, Channel>();
  #connection: Connection | undefined;
  #wire: Wire | undefined;

  constructor(connect: (onReady: (wire: Wire) => void) => Connection) {
    this.#connect = connect;
  }

  add(name: string, onMessage: (message: string) => void, onGap: () => void): Disposable {
    const listener: Listener = { onMessage, onGap };
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { listeners: new Set(), wire: undefined };
      this.#channels.set(name, channel);
      if (this.#wire?.open === true) this.#subscribe(this.#wire, name, channel);
    } else if (channel.wire?.open === true) {
      const { listeners } = channel;
      queueMicrotask(() => {
        if (listeners.has(listener)) told(name, onGap);
      });
    }
    channel.listeners.add(listener);
    this.#connection ??= this.#connect((wire) => this.#ready(wire));
    return { [Symbol.dispose]: () => this.#remove(name, listener) };
  }

  /** Asks whether the connection still is one. */
  probe(): void {
    this.#connection?.probe();
  }

  async close(): Promise<void> {
    this.#channels.clear();
    await this.#connection?.close();
  }

  #ready(wire: Wire): void {
    this.#wire = wire;
    wire.onMessage((name, message) => {
      for (const { onMessage } of [...(this.#channels.get(name)?.listeners ?? [])])
        told(name, () => onMessage(message));
    });
    for (const [name, channel] of this.#channels) this.#subscribe(wire, name, channel);
  }

  #subscribe(wire: Wire, name: string, channel: Channel): void {
    wire.call('subscribe', [name]).then(
      () => {
        if (this.#channels.get(name) !== channel) return;
        channel.wire = wire;
        for (const { onGap } of [...channel.listeners]) told(name, onGap);
      },
      (error: Error) => {
        // Where the wire broke, the next one subscribes again.
        if (isErrorReply(error)) publish({ type: 'trouble', what: `Redis refused to send messages of ${name}`, error });
      },
    );
    // Redis answers in order: without an answer to this there was none to the other, and the wire is replaced.
    this.#connection?.probe();
  }

  #remove(name: string, listener: Listener): void {
    const channel = this.#channels.get(name);
    if (channel?.listeners.delete(listener) !== true || channel.listeners.size > 0) return;
    this.#channels.delete(name);
    if (this.#channels.size === 0) {
      void this.#connection?.close();
      this.#connection = undefined;
      this.#wire = undefined;
    } else if (this.#wire?.open === true) {
      this.#wire.call('unsubscribe', [name]).catch((error: unknown) => {
        if (isErrorReply(error)) publish({ type: 'trouble', what: `Redis goes on sending messages of ${name}`, error });
      });
    }
  }
}

/** A listener that throws is told of, and keeps nobody else from hearing. */
function told(name: string, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    publish({ type: 'trouble', what: `a listener to messages of ${name} threw`, error });
  }
}
