import { type Clock, type Random, systemClock } from '@breakwater/resilience';
import { connectSocket, nameLookup } from '@breakwater/resilience/http';
import { FleetError } from '../fleet-error.js';
import { Connection } from './connection.js';
import type { LinkState, RedisLink, ScriptArgument, ScriptReply } from './redis-link.js';
import { isScriptReply } from './reply.js';
import type { Script } from './script.js';
import { isErrorReply, openWire, type Wire } from './wire.js';

export interface RedisLinkOptions {
  /** `redis://host[:port][/db]` */
  url: string;
  username?: string;
  password?: string;
  /** How long a call may take, in milliseconds. Default 1,000. */
  timeoutMs?: number;
  /** What CLIENT LIST shows. Default `breakwater`. */
  name?: string;
  clock?: Clock;
  random?: Random;
}

class Link implements RedisLink {
  readonly address: string;
  readonly timeoutMs: number;
  readonly #calls: Connection;
  readonly #newConnection: (onReady?: (wire: Wire) => void) => Connection;
  readonly #listeners = new Map<string, Set<Listener>>();
  #messages: Connection | undefined;

  constructor({ url, username, password, timeoutMs = 1_000, name = 'breakwater', ...options }: RedisLinkOptions) {
    const { clock = systemClock, random = Math.random } = options;
    const { hostname, port, pathname, host } = new URL(url);
    this.address = host;
    this.timeoutMs = timeoutMs;
    const lookup = nameLookup({ name: 'redis-dns', clock });
    const dial = async (signal: AbortSignal) => {
      const { socket } = await connectSocket({
        host: hostname,
        port: Number(port || 6_379),
        nameLookup: lookup,
        signal,
        clock,
      });
      const destroy = () => socket.destroy(signal.reason);
      signal.addEventListener('abort', destroy, { once: true });
      try {
        return await openWire(socket, { username, password, db: Number(pathname.slice(1) || 0), name });
      } finally {
        signal.removeEventListener('abort', destroy);
      }
    };
    this.#newConnection = (onReady = () => {}) =>
      new Connection({
        address: host,
        dial,
        timeoutMs,
        connectTimeoutMs: Math.max(timeoutMs, 1_000),
        clock,
        random,
        onReady,
      });
    this.#calls = this.#newConnection();
  }

  get state(): LinkState {
    return this.#calls.state;
  }

  async run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<ScriptReply> {
    const rest = [keys.length, ...keys, ...args];
    let reply: unknown;
    try {
      reply = await this.#calls.call('evalsha', [script.sha1, ...rest]).catch((error: unknown) => {
        if (!isErrorReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return this.#calls.call('eval', [script.text, ...rest]);
      });
    } catch (error) {
      if (!isErrorReply(error)) throw error;
      throw new FleetError('refused', `Redis at ${this.address} refused ${script.name}: ${error.message}`, {
        cause: error,
      });
    }
    if (isScriptReply(reply)) return reply;
    throw new FleetError('refused', `Redis at ${this.address} answered ${script.name} with what no script answers`);
  }

  subscribe(channel: string, onMessage: (message: string) => void, onGap: () => void = () => {}): Disposable {
    const listener: Listener = { onMessage, onGap };
    const known = this.#listeners.get(channel);
    if (known === undefined) this.#listeners.set(channel, new Set([listener]));
    else known.add(listener);
    if (this.#messages === undefined) {
      this.#messages = this.#newConnection((wire) => {
        wire.onMessage((from, message) => {
          for (const { onMessage } of this.#listeners.get(from) ?? []) onMessage(message);
        });
        for (const each of this.#listeners.keys()) this.#listen(wire, each);
      });
    } else if (known === undefined) {
      this.#messages.call('subscribe', [channel]).then(
        () => this.#gap(channel),
        () => {},
      );
    } else onGap();
    return { [Symbol.dispose]: () => this.#unsubscribe(channel, listener) };
  }

  async close(): Promise<void> {
    this.#calls.close();
    this.#messages?.close();
  }

  #listen(wire: Wire, channel: string): void {
    wire.call('subscribe', [channel]).then(
      () => this.#gap(channel),
      (error: Error) => wire.destroy(error),
    );
  }

  #gap(channel: string): void {
    for (const { onGap } of this.#listeners.get(channel) ?? []) onGap();
  }

  #unsubscribe(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#listeners.size > 0) this.#messages?.call('unsubscribe', [channel]).catch(() => {});
    else {
      this.#messages?.close();
      this.#messages = undefined;
    }
  }
}

interface Listener {
  readonly onMessage: (message: string) => void;
  readonly onGap: () => void;
}

/** Connects to Redis, and keeps connecting: it can be used at once, and never stops a process from starting. */
export function redisLink(options: RedisLinkOptions): RedisLink {
  return new Link(options);
}
