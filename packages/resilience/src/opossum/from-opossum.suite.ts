import Opossum from 'opossum';
import { vi } from 'vitest';
import { StallMonitor } from '../core/stalls.js';
import { settle } from '../testing/virtual-clock.js';
import { opossumAction } from './action.js';
import { type FromOpossumOptions, fromOpossum } from './from-opossum.js';

export const down = new Error('down');

/** opossum keeps the system's time: its timers, and ours, are vitest's. */
export function useVirtualTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: 0,
  });
}

export async function advance(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  await settle();
}

export const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

export function guestOf(options: Opossum.Options = {}, hosting: FromOpossumOptions = {}) {
  const breaker = new Opossum(opossumAction, {
    name: 'web',
    timeout: false,
    resetTimeout: 1_000,
    enableSnapshots: false,
    ...options,
  });
  const policy = fromOpossum(breaker, { stalls: new StallMonitor(), ...hosting });
  const fail = (error: unknown = down) => caught(policy.execute(() => Promise.reject(error)));
  return { breaker, policy, fail };
}
