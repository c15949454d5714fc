import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreClock } from './store-clock.js';

describe('the store clock', () => {
  const answer = fc.record({ pauseMs: fc.nat(5_000), thereMs: fc.nat(200), backMs: fc.nat(200) });

  it('is never late, and as good as the quickest answer of late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.array(answer, { minLength: 1 }), (offsetMs, answers) => {
        const clock = new StoreClock();
        let ms = 1_000.25;
        let [there, back] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
        for (const { pauseMs, thereMs, backMs } of answers) {
          const sent = ms + pauseMs;
          ms = sent + thereMs + backMs;
          clock.answered(sent, Math.floor(sent + thereMs + offsetMs), ms);
          [there, back] = [Math.min(there, thereMs), Math.min(back, backMs)];
        }
        const driftMs = (ms - 1_000) * 0.001;
        expect(clock.atLeast(ms)).toBeLessThanOrEqual(ms + offsetMs);
        expect(clock.atLeast(ms)).toBeGreaterThan(ms + offsetMs - back - driftMs - 2.001);
        expect(clock.momentOf(ms + offsetMs)).toBeLessThanOrEqual(ms + 0.001);
        expect(clock.momentOf(ms + offsetMs)).toBeGreaterThan(ms - there - driftMs - 1.001);
      }),
    );
  });

  it('begins anew when an answer contradicts what it knew', () => {
    const clock = new StoreClock();
    clock.answered(0, 10_000, 1);
    // Another server took over, whose clock is behind, or ahead.
    clock.answered(100, 9_000, 120);
    expect(clock.atLeast(120)).toBe(9_000);
    expect(clock.momentOf(9_000)).toBe(99);
    clock.answered(200, 20_000, 220);
    expect(clock.atLeast(220)).toBe(20_000);
  });
});
