import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { worst } from './worst.js';

describe('the worst of many', () => {
  it('are those that sorting would put first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.nat(50), { nil: undefined })),
        fc.integer({ min: 1, max: 20 }),
        (ranks, limit) => {
          const sorted = ranks.filter((rank) => rank !== undefined).sort((one, other) => other - one);
          expect(worst(ranks, limit, (rank) => rank)).toEqual(sorted.slice(0, limit));
        },
      ),
    );
  });

  it('keep the order in which equals came', () => {
    const items = ['a', 'b', 'c'].map((name) => ({ name, rank: 1 }));
    expect(worst(items, 2, (item) => item.rank).map((item) => item.name)).toEqual(['a', 'b']);
  });
});
