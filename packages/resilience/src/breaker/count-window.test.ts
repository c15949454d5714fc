import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountWindow } from './count-window.js';

const sums = ({ calls, failures, slow }: CountWindow) => ({ calls, failures, slow });

describe('CountWindow', () => {
  it('is empty at first', () => {
    expect(sums(new CountWindow(3))).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  it('counts failures and slow calls apart', () => {
    const window = new CountWindow(4);
    window.record(0, true, false);
    window.record(0, false, true);
    window.record(0, true, true);
    window.record(0, false, false);
    expect(sums(window)).toEqual({ calls: 4, failures: 2, slow: 2 });
  });

  it('forgets the oldest when it is full', () => {
    const window = new CountWindow(2);
    window.record(0, true, true);
    window.record(0, false, false);
    window.record(0, false, false);
    expect(sums(window)).toEqual({ calls: 2, failures: 0, slow: 0 });
  });

  it('takes no notice of the time', () => {
    const window = new CountWindow(2);
    window.record(0, true, false);
    window.record(1e12, true, false);
    expect(sums(window)).toEqual({ calls: 2, failures: 2, slow: 0 });
  });

  it('holds the last results, as a plain list does', () => {
    const result = fc.record({ failed: fc.boolean(), slow: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(result, { maxLength: 60 }), (size, results) => {
        const window = new CountWindow(size);
        for (const [index, { failed, slow }] of results.entries()) {
          window.record(0, failed, slow);
          const held = results.slice(0, index + 1).slice(-size);
          expect(sums(window)).toEqual({
            calls: held.length,
            failures: held.filter((one) => one.failed).length,
            slow: held.filter((one) => one.slow).length,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('agrees with a plain list on every sequence of seven results in windows of one to four', () => {
    for (let size = 1; size <= 4; size++) {
      for (let bits = 0; bits < 1 << 14; bits++) {
        const window = new CountWindow(size);
        let [failures, slow] = [0, 0];
        for (let index = 0; index < 7; index++) {
          window.record(0, ((bits >> index) & 1) === 1, ((bits >> (index + 7)) & 1) === 1);
          if (index < 7 - size) continue;
          failures += (bits >> index) & 1;
          slow += (bits >> (index + 7)) & 1;
        }
        if (window.calls !== size || window.failures !== failures || window.slow !== slow)
          throw new Error(`size ${size}, bits ${bits.toString(2)}: ${JSON.stringify(sums(window))}`);
      }
    }
  });
});
