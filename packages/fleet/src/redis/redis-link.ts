import type { Script } from './script.js';

/** What `RedisLink.run` is given and gives: Redis has no more types in a script. */
export type ScriptArgument = string | number;
export type ScriptReply = string | number | null | readonly ScriptReply[];

/** Whether Redis can be asked: `lost` while it cannot be reached, `closed` for good. */
export type LinkState = 'connecting' | 'ready' | 'lost' | 'closed';

/**
 * The one connection to Redis that everything in a process shares, plus one for messages once somebody listens. Every
 * call has a deadline, and none waits for Redis to come back: a call while it is lost fails at once.
 */
export interface RedisLink {
  /** Where it leads, without user and password. */
  readonly address: string;
  readonly state: LinkState;
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * Runs a script; Redis is sent its text only when it does not know it.
   * @throws FleetError when Redis cannot be reached, did not answer in time (the script may have run, or may yet run), or
   * refused.
   */
  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<ScriptReply>;
  /**
   * Told of each message of a channel until disposed. Messages are lost while there is no connection: `onGap` is called
   * when messages come (again), since some may have been missed; what must not be missed is also asked for.
   */
  subscribe(channel: string, onMessage: (message: string) => void, onGap?: () => void): Disposable;
  close(): Promise<void>;
}
