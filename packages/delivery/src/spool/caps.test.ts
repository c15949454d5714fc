import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LaneNeed, planCaps } from './caps.js';

const MAX = 100;

/** A lane that needs segments of these sizes, from old to new. */
const need = (lane: string, ...sizes: number[]): LaneNeed => ({
  lane,
  isOrphan: false,
  segments: sizes.map((bytes, index) => ({ slot: 'slot-1', id: index * 10 + 1, bytes })),
});

const plan = (whenFull: 'block' | 'drop-oldest', incoming: number, ...needs: LaneNeed[]) => {
  const { expire, isFull } = planCaps(needs, { maxBytes: MAX, whenFull, incoming });
  return { isFull, expire: expire.map(({ lane, segments }) => `${lane}: ${segments.map(({ id }) => id).join(' ')}`) };
};

describe('the caps', () => {
  it.each(['block', 'drop-oldest'] as const)('%s: ask for nothing while every lane is within its own', (whenFull) => {
    expect(plan(whenFull, 0, need('a', 50, 50), need('b'))).toEqual({ isFull: false, expire: [] });
    expect(plan(whenFull, 10, need('a', 50, 40), need('b'))).toEqual({ isFull: false, expire: [] });
  });

  it('block: a lane over its own gives up its oldest while another is within', () => {
    expect(plan('block', 0, need('a', 40, 40, 40), need('b', 40))).toEqual({ isFull: false, expire: ['a: 1'] });
    expect(plan('block', 30, need('a', 40, 40, 40), need('b', 40))).toEqual({ isFull: false, expire: ['a: 1 11'] });
  });

  it('block: when all are over, nothing is given up and nothing comes in', () => {
    expect(plan('block', 0, need('a', 60, 60), need('b', 60, 60))).toEqual({ isFull: true, expire: [] });
    expect(plan('block', 50, need('a', 60))).toEqual({ isFull: true, expire: [] });
  });

  it('block: an orphaned lane, which misses nothing that is refused, costs the others nothing', () => {
    const orphan = { ...need('gone', 20), isOrphan: true };
    expect(plan('block', 0, need('a', 60, 60), orphan)).toEqual({ isFull: true, expire: [] });
    const large = { ...need('gone', 60, 60), isOrphan: true };
    expect(plan('block', 0, need('a', 60), large)).toEqual({ isFull: false, expire: ['gone: 1'] });
    const full = { ...need('gone', 100), isOrphan: true };
    expect(plan('block', 10, need('a', 60), full)).toEqual({ isFull: false, expire: [] });
  });

  it('drop-oldest: whoever is over gives up its oldest, and everything comes in', () => {
    const both = plan('drop-oldest', 0, need('a', 60, 60), need('b', 50, 60));
    expect(both).toEqual({ isFull: false, expire: ['a: 1', 'b: 1'] });
  });

  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 });
  const needs = fc.array(sizes, { minLength: 1, maxLength: 4 });

  it('never give up more than it takes, nor anything but the oldest', () => {
    fc.assert(
      fc.property(
        needs,
        fc.constantFrom('block' as const, 'drop-oldest' as const),
        fc.nat(80),
        (all, whenFull, incoming) => {
          const lanes = all.map((each, index) => need(`lane-${index}`, ...each));
          const { expire, isFull } = planCaps(lanes, { maxBytes: MAX, whenFull, incoming });
          if (isFull) expect(expire).toEqual([]);
          for (const { lane, segments } of expire) {
            const owned = lanes.find((each) => each.lane === lane)!.segments;
            expect(segments).toEqual(owned.slice(0, segments.length));
            const bytesFrom = (index: number) => owned.slice(index).reduce((sum, { bytes }) => sum + bytes, 0);
            if (segments.length < owned.length) expect(bytesFrom(segments.length) + incoming).toBeLessThanOrEqual(MAX);
            expect(bytesFrom(segments.length - 1) + incoming).toBeGreaterThan(MAX);
          }
        },
      ),
    );
  });
});
