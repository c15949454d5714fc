import { describe, expect, it } from 'vitest';
import { rateCause } from './rates.js';

const rates = { minimumCalls: 10, failureRate: 0.7, slowCallRate: 0.3 };

describe('rateCause', () => {
  it('says nothing below the minimum of calls, however bad they are', () => {
    expect(rateCause(rates, { calls: 9, failures: 9, slow: 9 })).toBeUndefined();
    expect(rateCause({ ...rates, minimumCalls: 1 }, { calls: 0, failures: 0, slow: 0 })).toBeUndefined();
  });

  it('trips when the failure rate is reached, exactly', () => {
    expect(rateCause(rates, { calls: 10, failures: 6, slow: 0 })).toBeUndefined();
    expect(rateCause(rates, { calls: 10, failures: 7, slow: 0 })).toBe('failure-rate');
    expect(rateCause(rates, { calls: 10, failures: 10, slow: 0 })).toBe('failure-rate');
  });

  it('trips when the slow-call rate is reached, exactly', () => {
    expect(rateCause(rates, { calls: 10, failures: 0, slow: 2 })).toBeUndefined();
    expect(rateCause(rates, { calls: 10, failures: 0, slow: 3 })).toBe('slow-rate');
  });

  it('names the failures first when both are reached', () => {
    expect(rateCause(rates, { calls: 10, failures: 7, slow: 7 })).toBe('failure-rate');
  });

  it('hits each share in tenths and hundredths that an option can say, without rounding past it', () => {
    for (const of of [10, 100]) {
      for (let bad = 1; bad <= of; bad++) {
        const exact = { minimumCalls: 1, failureRate: Number(`${bad / of}`), slowCallRate: 1 };
        expect(rateCause(exact, { calls: of * 3, failures: bad * 3, slow: 0 })).toBe('failure-rate');
        expect(rateCause(exact, { calls: of * 3, failures: bad * 3 - 1, slow: 0 })).toBeUndefined();
      }
    }
  });
});
