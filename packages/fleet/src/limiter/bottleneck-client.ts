import { createHash } from 'node:crypto';
import { type Clock, ConfigError } from '@breakwater/resilience';
import { FleetError } from '../fleet-error.js';
import type { RedisLink, ScriptReply } from '../redis/redis-link.js';
import { type Script, script } from '../redis/script.js';

type Callback = (error: unknown, reply?: ScriptReply) => void;
type OnMessage = (channel: string, message: string) => void;

const CLOCK = script('limiter-clock');
const GUARD = script('limiter-guard');
const PUBLISH = script('limiter-publish');
/** The line of Bottleneck's scripts that takes the time from whoever calls. */
const CALLERS_CLOCK = 'local now = tonumber(ARGV[1])';
/** All its keys start so; the rest of the key is ours to choose. */
const PREFIX = 'b_';

const fenced = new Map<string, Script>();

/** Bottleneck's script as it is sent: on Redis' clock, and the one that admits behind our guard. */
function fence(name: string, lua: string): Script {
  const known = fenced.get(name);
  if (known !== undefined) return known;
  if (lua.split(CALLERS_CLOCK).length !== 2) {
    throw new ConfigError(
      `bottleneck: its script ${name} is not the one of version 2.19.5 that the fleet limiter knows; install bottleneck 2.19.5`,
    );
  }
  const text = lua.replace(CALLERS_CLOCK, () => (name === 'register' ? `${CLOCK.text}\n${GUARD.text}` : CLOCK.text));
  const made = { name: `bottleneck-${name}`, text, sha1: createHash('sha1').update(text).digest('hex') };
  fenced.set(name, made);
  return made;
}

/**
 * What Bottleneck takes for its ioredis clients: its scripts and messages go over the link that the process has anyway,
 * so that each call ends by the link's deadline, and there is no second connection to configure, to lose and to close.
 */
export class BottleneckClient {
  /** Bottleneck asks for `ready` once, and does not want to know of any other. */
  readonly status = 'ready';
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #grants: number[] = [];
  readonly #channels = new Map<string, Disposable>();
  #onMessage: OnMessage = () => {};
  #closed = false;

  constructor(link: RedisLink, clock: Clock, onFailure: (error: unknown) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /**
   * When the permits of the job that starts now were asked for: Bottleneck registers one at a time, and starts jobs in
   * the order in which they were registered. Undefined would mean that it started one without asking.
   */
  nextGrant(): number | undefined {
    return this.#grants.shift();
  }

  /** No more but what gives permits back. */
  close(): void {
    this.#closed = true;
    for (const listening of this.#channels.values()) listening[Symbol.dispose]();
    this.#channels.clear();
  }

  // What follows is called by Bottleneck.

  setMaxListeners(): void {}

  on(event: string, listener: OnMessage): void {
    if (event === 'message') this.#onMessage = listener;
  }

  /** One of us does for both of its connections. */
  duplicate(): this {
    return this;
  }

  defineCommand(name: string, { lua }: { lua: string }): void {
    const script = fence(name, lua);
    const command = (keyCount: number, ...rest: [...string[], Callback]) => {
      const args = rest.slice(keyCount, -1).map((arg) => (arg === null || arg === undefined ? '' : String(arg)));
      const keys = (rest.slice(0, keyCount) as string[]).map((key) => key.slice(PREFIX.length));
      void this.#run(script, keys, args, rest.at(-1) as Callback, name);
    };
    Object.defineProperty(this, name, { value: command });
  }

  subscribe(channel: string, done: () => void): void {
    // Closed while it opened: nobody would end it.
    if (this.#closed) {
      done();
      return;
    }
    this.#channels.get(channel)?.[Symbol.dispose]();
    const listening = this.#link.subscribe(
      channel,
      (message) => this.#onMessage(channel, message),
      // What was missed may have been that there are permits: look.
      () => this.#onMessage(channel, 'capacity:'),
    );
    this.#channels.set(channel, listening);
    done();
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#channels.get(channel)?.[Symbol.dispose]();
    this.#channels.delete(channel);
  }

  async publish(channel: string, message: string): Promise<ScriptReply> {
    return this.#link.run(PUBLISH, [], [channel, message]);
  }

  async quit(): Promise<void> {}

  disconnect(): void {}

  async #run(script: Script, keys: string[], args: string[], callback: Callback, name: string): Promise<void> {
    if (this.#closed && name !== 'free') {
      callback(new FleetError('closed', 'this limiter was thrown away'));
      return;
    }
    const sentAtMs = this.#clock.now();
    try {
      const reply = await this.#link.run(script, keys, args);
      callback(null, name === 'register' ? this.#registered(reply, sentAtMs) : reply);
    } catch (error) {
      // Permits that could not be given back return of themselves; nothing that still works is thrown away for them.
      callback(error);
      this.#onFailure(error);
    }
  }

  /** A job that may start starts now: by Redis' clock, set back, it may be told to wait for hours. */
  #registered(reply: ScriptReply, sentAtMs: number): ScriptReply {
    if (!Array.isArray(reply) || reply[0] !== 1) return [0];
    this.#grants.push(sentAtMs);
    return [1, 0, null];
  }
}
