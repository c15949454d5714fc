import { RejectedError } from '../core/errors.js';
import type { Options, Permit } from '../core/types.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { type SemaphoreOptions, semaphore } from './semaphore.js';

export function setup(options: Partial<SemaphoreOptions> = {}) {
  const clock = new VirtualClock();
  const slots = semaphore({ name: 'slots', permits: 2, clock, ...options });
  const log: string[] = [];
  /** Asks for permits by hand, and logs what came of it. */
  const ask = (label: string, request: Options = {}) => {
    const asked: { permit?: Permit } = {};
    slots.acquire(request).then(
      (permit) => {
        asked.permit = permit;
        log.push(label);
      },
      (error: unknown) => log.push(`${label}: ${error instanceof RejectedError ? error.reason : error}`),
    );
    return asked;
  };
  return { clock, slots, log, ask };
}

export const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'granted',
    (error: unknown) => (error instanceof RejectedError ? error.reason : String(error)),
  );

export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
