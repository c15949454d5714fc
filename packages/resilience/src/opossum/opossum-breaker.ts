import { ConfigError } from '../core/errors.js';
import { opossumAction } from './action.js';
import type { OpossumCall } from './visit.js';

/** What is asked of a guest: opossum's breakers from version 8 on have it. Its own types are not needed to compile. */
export interface OpossumBreaker {
  readonly name: string;
  readonly enabled: boolean;
  readonly opened: boolean;
  readonly halfOpen: boolean;
  readonly isShutdown: boolean;
  fire(call: OpossumCall): Promise<unknown>;
  on(event: 'open', listener: () => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'halfOpen', listener: (resetTimeoutMs: number) => void): unknown;
  on(event: 'reject', listener: (error: Error) => void): unknown;
  on(event: 'semaphoreLocked', listener: (error: Error) => void): unknown;
  /** The listener also gets the latency and the arguments, which opossum's types leave out. */
  on(event: 'timeout', listener: (error: Error) => void): unknown;
  on(event: 'failure', listener: (error: Error, latencyMs: number, args: [OpossumCall]) => void): unknown;
}

/** Of a breaker's options, those that matter to the host. opossum's types do not show them. */
interface GuestOptions {
  readonly timeout?: number | false;
  readonly resetTimeout?: number;
  readonly cache?: boolean;
  readonly coalesce?: boolean;
}

export const optionsOf = (breaker: OpossumBreaker): GuestOptions =>
  (breaker as { options?: GuestOptions }).options ?? {};

/** opossum names a breaker after its action, which is the same for every guest. */
export const nameOf = (breaker: OpossumBreaker): string =>
  breaker.name === opossumAction.name ? 'opossum' : breaker.name;

/** @throws ConfigError when it is no breaker of opossum, or one that cannot run what it is given. */
export function checkGuest(name: string | undefined, breaker: OpossumBreaker): void {
  const { fire, on, action } = (breaker ?? {}) as { fire?: unknown; on?: unknown; action?: unknown };
  if (typeof fire !== 'function' || typeof on !== 'function') {
    throw new ConfigError(`${name ?? 'fromOpossum'}: breaker is ${describe(breaker)}; it must be a breaker of opossum`);
  }
  const policy = name ?? nameOf(breaker);
  if (action !== opossumAction) {
    throw new ConfigError(
      `${policy}: the breaker runs an action of its own, so it cannot run the operations of a policy; make it with new Opossum(opossumAction, options)`,
    );
  }
  for (const option of ['cache', 'coalesce'] as const) {
    if (optionsOf(breaker)[option] === true) {
      throw new ConfigError(
        `${policy}: the breaker's option ${option} is true; it must be false, as every operation would get the result of the first`,
      );
    }
  }
}

const describe = (value: unknown): string => (typeof value === 'object' && value !== null ? 'an object' : typeof value);
