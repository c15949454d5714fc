import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { RedisLink, ScriptArgument, ScriptReply } from './redis-link.js';
import type { Script } from './script.js';

/** How our scripts ask what time it is. */
const ASKED = "redis.call('TIME')";
/** What is on its way to who listens has come after that. */
const ON_ITS_WAY_MS = 200;

/**
 * A link on which Redis' time, as scripts see it, goes on by `pass` alone. On the real one a test knows only that so much
 * has passed at the least: whatever must still hold then would hold on a machine that never stands still.
 */
export class HeldTime {
  readonly link: RedisLink;
  #ms = Date.now();

  constructor(link: RedisLink) {
    this.link = {
      address: link.address,
      timeoutMs: link.timeoutMs,
      get state() {
        return link.state;
      },
      run: (script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<ScriptReply> =>
        link.run(this.#held(script), keys, args),
      subscribe: (channel, onMessage, onGap) => link.subscribe(channel, onMessage, onGap),
      close: () => link.close(),
    };
  }

  async pass(ms: number): Promise<void> {
    this.#ms += ms;
    await pause(Math.min(ms, ON_ITS_WAY_MS));
  }

  #held({ name, text: asks }: Script): Script {
    const [seconds, microseconds] = [Math.floor(this.#ms / 1_000), (this.#ms % 1_000) * 1_000];
    const text = asks.replaceAll(ASKED, `{ '${seconds}', '${microseconds}' }`);
    if (text.includes("'TIME'")) throw new Error(`the script ${name} asks for the time in another way than ${ASKED}`);
    return { name, text, sha1: createHash('sha1').update(text).digest('hex') };
  }
}
