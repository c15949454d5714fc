import { expect } from 'vitest';
import { collect } from '../metrics/collect.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { type KeyedCircuitBreakerOptions, keyedCircuitBreaker } from './keyed-circuit-breaker.js';

export const down = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

export function breakerOf(options: KeyedCircuitBreakerOptions = {}) {
  const clock = new VirtualClock();
  const breaker = keyedCircuitBreaker({
    name: 'targets',
    clock,
    failureThreshold: 2,
    recoveryTimeoutMs: 1_000,
    successThreshold: 1,
    ...options,
  });
  const fail = (key: string) => breaker.execute(() => Promise.reject(down), { key }).catch((error: unknown) => error);
  const succeed = (key: string) => breaker.execute(() => 'fine', { key }).catch((error: unknown) => error);
  const trip = async (key: string) => {
    await fail(key);
    await fail(key);
    expect(breaker.state(key)).toBe('open');
  };
  const keys = () => [...breaker.entries()].map(({ key }) => key);
  return { breaker, clock, fail, succeed, trip, keys };
}

export const values = (breaker: ReturnType<typeof breakerOf>['breaker']) =>
  Object.fromEntries(
    [...collect([breaker])].flatMap(([{ name }, samples]) =>
      samples.map(({ labels, value }) => {
        expect(labels['policy']).toBe('targets');
        const { policy, ...rest } = labels;
        return [[name, ...Object.values(rest)].join(' '), value];
      }),
    ),
  );
