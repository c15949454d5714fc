import { Histogram, type Measured, type Recorder, systemClock } from '@breakwater/resilience';
import { nameLookup } from '@breakwater/resilience/http';
import { publish } from '../events.js';
import { FleetError } from '../fleet-error.js';
import { addressText } from './address.js';
import { Connection, isRefusal } from './connection.js';
import { Dialer } from './dial.js';
import { CALL_OUTCOMES, type CallOutcome, CONNECTION_USES, type ConnectionUse, REDIS_METRICS } from './metrics.js';
import { linkSettings, type RedisLinkOptions } from './options.js';
import type { LinkState, RedisLink, ScriptArgument, ScriptReply } from './redis-link.js';
import { isScriptReply } from './reply.js';
import type { Script } from './script.js';
import { Subscriptions } from './subscriptions.js';
import { isErrorReply, type Wire } from './wire.js';

class Link implements RedisLink, Measured {
  readonly address: string;
  readonly timeoutMs: number;
  readonly #clock: NonNullable<RedisLinkOptions['clock']>;
  readonly #calls: Connection;
  readonly #messages: Subscriptions;
  readonly #outcomes = Object.fromEntries(CALL_OUTCOMES.map((outcome) => [outcome, 0])) as Record<CallOutcome, number>;
  readonly #losses = Object.fromEntries(CONNECTION_USES.map((use) => [use, 0])) as Record<ConnectionUse, number>;
  readonly #durations = new Histogram(REDIS_METRICS.duration.buckets);

  constructor(options: RedisLinkOptions) {
    const settings = linkSettings(options);
    const { clock = systemClock, random = Math.random } = options;
    const dialer = new Dialer(settings, options.nameLookup ?? nameLookup({ name: 'redis-dns', clock }), clock);
    this.#clock = clock;
    this.address = addressText(settings.address);
    this.timeoutMs = settings.timeoutMs;
    const connect = (connection: ConnectionUse, onReady: (wire: Wire) => void) =>
      new Connection({
        ...settings,
        address: this.address,
        dial: (signal) => dialer.dial(signal),
        clock,
        random,
        onReady: (wire) => {
          publish({ type: 'redis.ready', address: this.address, connection });
          onReady(wire);
        },
        onLost: (error, had) => {
          if (had) this.#losses[connection]++;
          const reason = isRefusal(error) ? 'refused' : 'unreachable';
          publish({ type: 'redis.lost', address: this.address, connection, reason, error });
          // What took the one away may have taken the other, on which nobody would miss anything for long.
          if (connection === 'calls') this.#messages.probe();
        },
      });
    this.#messages = new Subscriptions((onReady) => connect('messages', onReady));
    this.#calls = connect('calls', () => {});
  }

  get state(): LinkState {
    return this.#calls.state;
  }

  async run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<ScriptReply> {
    const sentMs = this.#clock.now();
    try {
      const reply = await this.#evaluate(script, [keys.length, ...keys, ...args], sentMs + this.timeoutMs);
      this.#answered('ok', sentMs);
      return reply;
    } catch (error) {
      const { reason } = error as FleetError;
      if (reason === 'refused') this.#answered(reason, sentMs);
      else this.#outcomes[reason]++;
      throw error;
    }
  }

  subscribe(channel: string, onMessage: (message: string) => void, onGap: () => void = () => {}): Disposable {
    if (this.state === 'closed') {
      throw new FleetError('closed', `the connection to Redis at ${this.address} was closed`);
    }
    return this.#messages.add(channel, onMessage, onGap);
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.close(), this.#messages.close()]);
  }

  measure(record: Recorder): void {
    record(REDIS_METRICS.connected, {}, this.state === 'ready' ? 1 : 0);
    for (const outcome of CALL_OUTCOMES) record(REDIS_METRICS.calls, { outcome }, this.#outcomes[outcome]);
    record(REDIS_METRICS.duration, {}, this.#durations);
    for (const connection of CONNECTION_USES) {
      record(REDIS_METRICS.losses, { connection }, this.#losses[connection]);
    }
  }

  #answered(outcome: CallOutcome, sentMs: number): void {
    this.#outcomes[outcome]++;
    this.#durations.observe((this.#clock.now() - sentMs) / 1_000);
  }

  async #evaluate(script: Script, rest: readonly ScriptArgument[], endsMs: number): Promise<ScriptReply> {
    let reply: unknown;
    try {
      reply = await this.#calls.call(
        (send) =>
          send('evalsha', [script.sha1, ...rest]).catch((error: unknown) => {
            // Redis was restarted or its scripts flushed, or it never had this one: nothing has run.
            if (!isErrorReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
            return send('eval', [script.text, ...rest]);
          }),
        endsMs,
      );
    } catch (error) {
      if (!isErrorReply(error)) throw error;
      throw new FleetError('refused', `Redis at ${this.address} refused the script ${script.name}: ${error.message}`, {
        cause: error,
      });
    }
    if (isScriptReply(reply)) return reply;
    throw new FleetError('refused', `Redis at ${this.address} answered ${script.name} with what no script answers`);
  }
}

/** Connects to Redis, and keeps connecting: it can be used at once, and a Redis that is not there stops nobody. */
export function redisLink(options: RedisLinkOptions): RedisLink & Measured {
  return new Link(options);
}
