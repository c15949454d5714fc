import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { retryBudget } from './budget.js';

function withCalls(calls: number, options = {}) {
  const budget = retryBudget(options);
  for (let call = 0; call < calls; call++) budget.beginCall();
  return budget;
}

const granted = (budget: ReturnType<typeof retryBudget>, tries: number) =>
  Array.from({ length: tries }, () => budget.beginRetry()).filter(Boolean).length;

describe('retryBudget', () => {
  it('lets three retry, however few calls there are', () => {
    expect(granted(withCalls(3), 10)).toBe(3);
  });

  it('lets a fifth of the calls retry, and one more: the rate is looked at before', () => {
    const budget = withCalls(100);
    expect(granted(budget, 100)).toBe(21);
    expect(budget.retries).toBe(21);
    expect(budget.calls).toBe(100);
  });

  it('follows the options', () => {
    expect(granted(withCalls(100, { maxRate: 0.5 }), 100)).toBe(51);
    expect(granted(withCalls(10, { minConcurrency: 7 }), 100)).toBe(7);
    expect(granted(withCalls(10, { minConcurrency: 0, maxRate: 0 }), 100)).toBe(1);
  });

  it('has room again when a retry ends, and less when calls end', () => {
    const budget = withCalls(20);
    expect(granted(budget, 20)).toBe(5);
    budget.endRetry();
    expect(budget.beginRetry()).toBe(true);
    for (let call = 0; call < 10; call++) budget.endCall();
    budget.endRetry();
    expect(budget.beginRetry()).toBe(false);
    budget.endRetry();
    budget.endRetry();
    expect(budget.beginRetry()).toBe(true);
  });

  it('never lets more retry than the larger of the minimum and the rate allow, and never refuses below both', () => {
    const step = fc.constantFrom('call', 'end call', 'retry', 'end retry');
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(5),
        (steps, maxRate, minConcurrency) => {
          const budget = retryBudget({ maxRate, minConcurrency });
          let [calls, retries] = [0, 0];
          for (const step of steps) {
            if (step === 'call') {
              calls++;
              budget.beginCall();
            } else if (step === 'end call' && calls > retries) {
              calls--;
              budget.endCall();
            } else if (step === 'retry' && calls > retries) {
              const allowed = retries < minConcurrency || retries / calls <= maxRate;
              expect(budget.beginRetry()).toBe(allowed);
              if (allowed) retries++;
            } else if (step === 'end retry' && retries > 0) {
              retries--;
              budget.endRetry();
            }
            expect([budget.calls, budget.retries]).toEqual([calls, retries]);
          }
        },
      ),
    );
  });

  it.each([
    [{ maxRate: -0.1 }, 'retryBudget: maxRate is -0.1'],
    [{ maxRate: 1.1 }, 'retryBudget: maxRate is 1.1'],
    [{ minConcurrency: -1 }, 'retryBudget: minConcurrency is -1'],
    [{ minConcurrency: 1.5 }, 'retryBudget: minConcurrency is 1.5'],
  ])('is not made from %j', (options, message) => {
    expect(() => retryBudget(options)).toThrow(ConfigError);
    expect(() => retryBudget(options)).toThrow(message);
  });
});
