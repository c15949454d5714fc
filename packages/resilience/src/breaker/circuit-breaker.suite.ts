import { expect } from 'vitest';
import { RejectedError, type RejectionReason } from '../core/errors.js';
import type { Operation, Options } from '../core/types.js';
import { collect } from '../metrics/collect.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { circuitBreaker } from './circuit-breaker.js';
import type { CircuitBreakerOptions } from './settings.js';

export const down = new Error('down');
export const fail: Operation<never> = () => Promise.reject(down);
export const succeed: Operation<string> = () => 'fine';

export function breakerOf(options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const breaker = circuitBreaker({
    name: 'web',
    clock,
    failureThreshold: 2,
    recoveryTimeoutMs: 1_000,
    successThreshold: 2,
    ...options,
  });
  const failing = (options?: Options) => breaker.execute(fail, options).catch((error: unknown) => error);
  const trip = async () => {
    await failing();
    await failing();
    expect(breaker.state).toBe('open');
  };
  const toHalfOpen = async () => {
    await trip();
    await clock.advance(1_000);
  };
  const rejection = async (): Promise<RejectionReason | 'none'> => {
    const answer = await breaker.execute(succeed).catch((error: unknown) => error);
    return answer instanceof RejectedError ? answer.reason : 'none';
  };
  return { breaker, clock, failing, trip, toHalfOpen, rejection };
}

/** An operation that the test ends when it likes. */
export function deferred() {
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { operation: () => promise, resolve, reject };
}

export const samples = (source: Parameters<typeof collect>[0]) =>
  Object.fromEntries(
    [...collect(source)].flatMap(([{ name }, values]) =>
      values.map(({ labels, value }) => {
        const { policy, ...rest } = labels;
        return [[policy, name, ...Object.values(rest)].join(' '), value];
      }),
    ),
  );
