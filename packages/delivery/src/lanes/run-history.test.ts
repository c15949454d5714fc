import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunHistory } from './run-history.js';

const HOUR_MS = 3_600_000;

describe('RunHistory', () => {
  it('takes any number of new runs for restarts', () => {
    const history = new RunHistory();
    for (let run = 0; run < 1_000; run++) {
      expect(history.see(run, run)).toBe(false);
      expect(history.see(run, run)).toBe(false);
    }
    expect(history.alternates).toBe(false);
  });

  it('says once that runs alternate, when an earlier one comes back', () => {
    const history = new RunHistory();
    expect([1, 2, 1, 2, 1, 1].map((run, second) => history.see(run, second * 1_000))).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(history.alternates).toBe(true);
  });

  it('finds every number of servers up to sixteen', () => {
    for (let servers = 2; servers <= 16; servers++) {
      const history = new RunHistory();
      for (let look = 0; look < servers; look++) expect(history.see(look, look)).toBe(false);
      expect(history.see(0, servers)).toBe(true);
    }
  });

  it('forgets it an hour after an earlier run came back last, and everything before', () => {
    const history = new RunHistory();
    for (const run of [1, 2, 1]) history.see(run, 0);
    history.see(1, HOUR_MS - 1);
    expect(history.alternates).toBe(true);
    history.see(2, HOUR_MS - 1);
    history.see(2, 2 * HOUR_MS - 2);
    expect(history.alternates).toBe(true);
    expect(history.see(2, 2 * HOUR_MS - 1)).toBe(false);
    expect(history.alternates).toBe(false);
    expect(history.see(1, 2 * HOUR_MS)).toBe(false);
    expect(history.see(2, 2 * HOUR_MS)).toBe(true);
  });

  it('accuses no server whose runs follow each other, whenever it is looked at', () => {
    const looks = fc.array(fc.record({ restarts: fc.nat(3), afterMs: fc.nat(HOUR_MS) }), { maxLength: 200 });
    fc.assert(
      fc.property(looks, (looks) => {
        const history = new RunHistory();
        let [run, nowMs] = [0, 0];
        for (const { restarts, afterMs } of looks) {
          run += restarts;
          nowMs += afterMs;
          expect(history.see(run, nowMs)).toBe(false);
        }
        expect(history.alternates).toBe(false);
      }),
    );
  });
});
