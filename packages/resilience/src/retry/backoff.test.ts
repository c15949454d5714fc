import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { seededRandom } from '../testing/seeded-random.js';
import { type Backoff, constantBackoff, decorrelatedJitterBackoff, exponentialBackoff } from './backoff.js';

const delays = (backoff: Backoff, count: number, random = () => 0.5) => {
  const next = backoff(random);
  return Array.from({ length: count }, next);
};

const endless = { maxDelayMs: Number.MAX_VALUE };
const zeroToOne = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** The curve whose steps are the delays, in units of the base delay. */
const curve = (t: number) => (2 ** t * Math.tanh(Math.sqrt(4 * t))) / 1.4;

describe('decorrelatedJitterBackoff', () => {
  it('gives the delays of the formula', () => {
    const due = [curve(0.5), curve(1.5) - curve(0.5), curve(2.5) - curve(1.5)].map((delay) => delay * 1000);
    const got = delays(decorrelatedJitterBackoff({ baseDelayMs: 1000 }), 3);
    for (const [index, delay] of got.entries()) expect(delay).toBeCloseTo(due[index]!, 8);
    expect(got.map(Math.round)).toEqual([897, 1093, 2036]);
  });

  it('draws anew for each execution, and for each delay', () => {
    const backoff = decorrelatedJitterBackoff();
    const random = seededRandom(1);
    expect(new Set([...delays(backoff, 5, random), ...delays(backoff, 5, random)]).size).toBe(10);
  });

  it('begins again for each execution', () => {
    const backoff = decorrelatedJitterBackoff();
    expect(delays(backoff, 3)).toEqual(delays(backoff, 3));
  });

  it('is never negative, never above the maximum, and a number however often it is asked', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (seed, baseDelayMs, maxDelayMs) => {
          const next = decorrelatedJitterBackoff({ baseDelayMs, maxDelayMs })(seededRandom(seed));
          for (let retry = 0; retry < 1100; retry++) {
            const delay = next();
            expect(delay >= 0 && delay <= maxDelayMs).toBe(true);
          }
          // From here on 2^t is Infinity.
          expect(next()).toBe(baseDelayMs > 0 ? maxDelayMs : 0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('waits no less the later the retry, for equal draws', () => {
    fc.assert(
      fc.property(zeroToOne, (draw) => {
        const got = delays(decorrelatedJitterBackoff({ baseDelayMs: 1, ...endless }), 40, () => draw);
        for (let retry = 1; retry < got.length; retry++) expect(got[retry]!).toBeGreaterThanOrEqual(got[retry - 1]!);
      }),
    );
  });

  it('adds up to between the curve at its lowest and its highest draw, whatever is drawn', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, retries) => {
        const got = delays(decorrelatedJitterBackoff({ baseDelayMs: 1, ...endless }), retries, seededRandom(seed));
        const sum = got.reduce((all, delay) => all + delay, 0);
        expect(sum).toBeGreaterThanOrEqual(curve(retries - 1) * (1 - 1e-9));
        expect(sum).toBeLessThanOrEqual(curve(retries) * (1 + 1e-9));
      }),
    );
  });

  it('has its first delay around the base delay at the median', () => {
    const random = seededRandom(7);
    const backoff = decorrelatedJitterBackoff({ baseDelayMs: 100 });
    const firsts = Array.from({ length: 1001 }, () => backoff(random)()).sort((a, b) => a - b);
    expect(firsts[500]!).toBeGreaterThan(80);
    expect(firsts[500]!).toBeLessThan(100);
  });

  it('begins around 100 ms and stays below 30 s unless told otherwise', () => {
    expect(delays(decorrelatedJitterBackoff(), 1)[0]!).toBeCloseTo(curve(0.5) * 100);
    expect(delays(decorrelatedJitterBackoff(), 30).at(-1)).toBe(30_000);
  });
});

describe('exponentialBackoff', () => {
  it('multiplies by the factor each time, up to the maximum', () => {
    const backoff = exponentialBackoff({ baseDelayMs: 10, factor: 3, maxDelayMs: 200, jitter: 0 });
    expect(delays(backoff, 5)).toEqual([10, 30, 90, 200, 200]);
    expect(delays(backoff, 2)).toEqual([10, 30]);
  });

  it('doubles from 100 ms, within a quarter, unless told otherwise', () => {
    const low = delays(exponentialBackoff(), 3, () => 0);
    const middle = delays(exponentialBackoff(), 10);
    expect(low).toEqual([75, 150, 300]);
    expect(middle.slice(0, 3)).toEqual([100, 200, 400]);
    expect(middle[9]).toBe(30_000);
  });

  it('keeps to its jitter and its maximum, and stays a number', () => {
    fc.assert(
      fc.property(fc.integer(), zeroToOne, fc.double({ min: 1, max: 1e300, noNaN: true }), (seed, jitter, factor) => {
        const next = exponentialBackoff({ baseDelayMs: 100, maxDelayMs: 10_000, jitter, factor })(seededRandom(seed));
        let due = 100;
        for (let retry = 0; retry < 20; retry++) {
          const delay = next();
          expect(delay).toBeGreaterThanOrEqual(due * (1 - jitter) * (1 - 1e-9));
          expect(delay).toBeLessThanOrEqual(Math.min(10_000, due * (1 + jitter) * (1 + 1e-9)));
          due = Math.min(10_000, due * factor);
        }
      }),
    );
  });
});

describe('constantBackoff', () => {
  it('waits the same each time, give or take its jitter', () => {
    expect(delays(constantBackoff({ baseDelayMs: 100, jitter: 0 }), 3)).toEqual([100, 100, 100]);
    expect(delays(constantBackoff({ baseDelayMs: 100, jitter: 0.5 }), 2, () => 0)).toEqual([50, 50]);
    expect(delays(constantBackoff(), 2, () => 0)).toEqual([75, 75]);
    const [high] = delays(constantBackoff({ baseDelayMs: 100, jitter: 0.5 }), 1, () => 0.999);
    expect(high).toBeCloseTo(149.9);
  });

  it('never waits longer than the maximum', () => {
    expect(delays(constantBackoff({ baseDelayMs: 100, maxDelayMs: 90, jitter: 0 }), 1)).toEqual([90]);
  });
});

it.each([
  [() => decorrelatedJitterBackoff({ baseDelayMs: -1 }), 'decorrelatedJitterBackoff: baseDelayMs is -1'],
  [() => decorrelatedJitterBackoff({ maxDelayMs: Number.NaN }), 'decorrelatedJitterBackoff: maxDelayMs is NaN'],
  [() => exponentialBackoff({ baseDelayMs: -1 }), 'exponentialBackoff: baseDelayMs is -1'],
  [() => exponentialBackoff({ factor: 0.9 }), 'exponentialBackoff: factor is 0.9'],
  [() => exponentialBackoff({ jitter: 1.1 }), 'exponentialBackoff: jitter is 1.1'],
  [() => constantBackoff({ jitter: -0.1 }), 'constantBackoff: jitter is -0.1'],
  [() => constantBackoff({ maxDelayMs: -1 }), 'constantBackoff: maxDelayMs is -1'],
])('refuses options out of range: %s', (make, message) => {
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(message);
});
