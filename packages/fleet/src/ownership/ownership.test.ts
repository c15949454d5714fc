import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Kept, Standing } from '../membership/standing.js';
import { OWNERSHIP_METRICS } from './metrics.js';
import { Ownership } from './ownership.js';
import { owner, owners } from './rendezvous.js';

const NAMES = Array.from({ length: 60 }, (_, index) => `t-${index + 1}`);
const member = (...ids: string[]): Standing => ({ kind: 'member', ids });
const joining = (kept: Kept, ...ids: string[]): Standing => ({ kind: 'joining', ids, kept });
const alone: Standing = { kind: 'alone', sinceMs: Date.UTC(2026, 0, 1, 12, 3, 5, 678) };
const wonBy = (id: string, ...ids: string[]) => NAMES.filter((name) => owner(name, ids) === id);

describe('ownership', () => {
  let self: { id: string };
  let ownership: Ownership;
  const owned = () => NAMES.filter((name) => ownership.owns(name));

  beforeEach(() => {
    self = { id: 'a' };
    ownership = new Ownership(self);
    ownership.add(NAMES);
  });

  it('owns nothing before it joined', () => {
    expect(owned()).toEqual([]);
    expect(ownership.of('t-1')).toEqual({
      owner: undefined,
      mine: false,
      why: 'this replica has not joined the fleet, or has left it',
    });
  });

  it('owns as a member what it comes first for, and says what each change brought and took', () => {
    expect(ownership.apply(member('a'))).toEqual({ gained: NAMES, lost: [] });
    expect(ownership.apply(member('a', 'b', 'c'))).toEqual({
      gained: [],
      lost: NAMES.filter((name) => owner(name, ['a', 'b', 'c']) !== 'a'),
    });
    expect(owned()).toEqual(wonBy('a', 'a', 'b', 'c'));
    const { gained, lost } = ownership.apply(member('a', 'c'));
    expect(lost).toEqual([]);
    expect(gained).toEqual(wonBy('b', 'a', 'b', 'c').filter((name) => owner(name, ['a', 'c']) === 'a'));
    expect(ownership.owned).toBe(owned().length);
  });

  it('takes everything when it is alone, and keeps its share of it while it joins again', () => {
    expect(ownership.apply(alone)).toEqual({ gained: NAMES, lost: [] });
    ownership.apply(joining('everything', 'a', 'b'));
    expect(owned()).toEqual(wonBy('a', 'a', 'b'));
    expect(ownership.apply(member('a', 'b'))).toEqual({ gained: [], lost: [] });
  });

  it('takes nothing while it joins for the first time', () => {
    expect(ownership.apply(joining('nothing', 'a', 'b'))).toEqual({ gained: [], lost: [] });
    expect(ownership.apply(member('a', 'b')).gained).toEqual(wonBy('a', 'a', 'b'));
  });

  it('keeps what it comes first for both in what it had and in what is, while targets change hands', () => {
    ownership.apply(member('a', 'b', 'c'));
    expect(ownership.apply(joining({ ids: ['a', 'b', 'c'] }, 'a', 'b')).gained).toEqual([]);
    expect(owned()).toEqual(wonBy('a', 'a', 'b', 'c'));
    ownership.apply(joining({ ids: ['a', 'b', 'c'] }, 'a', 'd'));
    expect(owned()).toEqual(wonBy('a', 'a', 'b', 'c').filter((name) => owner(name, ['a', 'd']) === 'a'));
  });

  it.each([{ kind: 'unsure' }, { kind: 'out' }] as const)('lets go of everything when it is $kind', (standing) => {
    ownership.apply(alone);
    expect(ownership.apply(standing)).toEqual({ gained: [], lost: NAMES });
    expect([owned(), ownership.owned]).toEqual([[], 0]);
  });

  it('looks again who it is at each change', () => {
    ownership.apply(member('a', 'b'));
    self.id = 'a~1f2e';
    ownership.apply(member('a', 'a~1f2e', 'b'));
    expect(owned()).toEqual(wonBy('a~1f2e', 'a', 'a~1f2e', 'b'));
    self.id = 'b';
    ownership.apply(member('a', 'a~1f2e', 'b'));
    expect(owned()).toEqual(wonBy('b', 'a', 'a~1f2e', 'b'));
  });

  it('takes names in and lets them go', () => {
    ownership.apply(member('a', 'b'));
    const before = ownership.owned;
    const more = Array.from({ length: 20 }, (_, index) => `more-${index}`);
    const mine = ownership.add([...more, 't-1']);
    expect(mine).toEqual(more.filter((name) => owner(name, ['a', 'b']) === 'a'));
    expect(mine.length).toBeGreaterThan(0);
    expect([ownership.size, ownership.owned, ownership.has('more-3')]).toEqual([80, before + mine.length, true]);
    ownership.remove([...more, 'unknown']);
    expect([ownership.size, ownership.owned, ownership.has('more-3')]).toEqual([60, before, false]);
    expect(ownership.of('more-3')).toBeUndefined();
  });

  it('answers as the whole calculation would, whatever came before', () => {
    const ids = fc.subarray(['b', 'c', 'd', 'e', 'f', 'g']).map((others) => ['a', ...others]);
    const kept = fc.oneof(fc.constantFrom<Kept>('everything', 'nothing'), fc.record({ ids }));
    const standing: fc.Arbitrary<Standing> = fc.oneof(
      ids.map((each) => member(...each)),
      fc.tuple(kept, ids).map(([had, each]) => joining(had, ...each)),
      fc.constantFrom<Standing>(alone, { kind: 'unsure' }, { kind: 'out' }),
    );
    const first = (among: readonly string[]) => {
      const all = owners(NAMES, among);
      return NAMES.filter((_, index) => all[index] === 'a');
    };
    const both = (ones: readonly string[], others: readonly string[]) => ones.filter((name) => others.includes(name));
    const mine = (now: Standing): readonly string[] => {
      if (now.kind === 'alone') return NAMES;
      if (now.kind === 'member') return first(now.ids);
      if (now.kind !== 'joining' || now.kept === 'nothing') return [];
      const { kept: before } = now;
      return before === 'everything' ? first(now.ids) : both(first(now.ids), first(before.ids));
    };
    fc.assert(
      fc.property(fc.array(standing, { minLength: 1, maxLength: 12 }), (standings) => {
        const many = new Ownership({ id: 'a' });
        many.add(NAMES.slice(0, 40));
        let had: readonly string[] = [];
        for (const [step, now] of standings.entries()) {
          const moves = many.apply(now);
          const all = mine(now);
          if (step === 2)
            expect(many.add(NAMES.slice(40))).toEqual(NAMES.slice(40).filter((name) => all.includes(name)));
          const names = NAMES.slice(0, step > 2 ? 60 : 40);
          const has = names.filter((name) => all.includes(name));
          // One comparison a step: twelve hundred steps with four each take seconds on a busy machine.
          const owned = NAMES.filter((name) => many.owns(name));
          expect({ ...moves, count: many.owned, now: owned.filter((name) => names.includes(name)) }).toEqual({
            gained: has.filter((name) => !had.includes(name)),
            lost: had.filter((name) => !has.includes(name)),
            count: owned.length,
            now: has,
          });
          had = owned;
        }
      }),
    );
  });

  it('says who the owner is, and why', () => {
    const why = (standing: Standing, name: string) => {
      ownership.apply(standing);
      const { owner: who, mine, why } = ownership.of(name)!;
      return [who, mine, why];
    };
    const [ours] = wonBy('a', 'a', 'b', 'c') as [string];
    const [theirs] = wonBy('b', 'a', 'b', 'c') as [string];
    const second = owner(ours, ['b', 'c']);
    expect(why(member('a', 'b', 'c'), ours)).toEqual(['a', true, 'comes first of 3 members']);
    expect(why(member('a', 'b', 'c'), theirs)).toEqual(['b', false, 'b comes first of 3 members']);
    expect(why(member('a'), ours)).toEqual(['a', true, 'is the only member']);
    expect(why(alone, theirs)).toEqual([
      'a',
      true,
      'Redis cannot be asked, so this replica takes everything, since 2026-01-01T12:03:05Z',
    ]);
    expect(why(joining('everything', 'a', 'b', 'c'), ours)).toEqual(['a', true, 'comes first of 3 members']);
    expect(why(joining('nothing', 'a', 'b', 'c'), ours)).toEqual([second, false, `${second} has it until it lets go`]);
    expect(why(joining('nothing', 'a', 'b', 'c'), theirs)).toEqual(['b', false, 'b comes first of 3 members']);
    expect(why(joining('nothing', 'a'), ours)).toEqual([
      undefined,
      false,
      'this replica takes it when the lease of whoever may still have it is over',
    ]);
    expect(why({ kind: 'unsure' }, ours)).toEqual([
      undefined,
      false,
      'this replica has no lease (it stood still, or another took its id), and holds nothing until Redis has answered or not',
    ]);
  });

  it('tells how much it owns, and how much moved', () => {
    ownership.apply(member('a'));
    ownership.apply(member('a', 'b'));
    const lost = NAMES.length - owned().length;
    const told: unknown[] = [];
    ownership.measure((...sample) => told.push(sample));
    expect(told).toEqual([
      [OWNERSHIP_METRICS.owned, {}, owned().length],
      [OWNERSHIP_METRICS.moves, { direction: 'gained' }, 60],
      [OWNERSHIP_METRICS.moves, { direction: 'lost' }, lost],
    ]);
  });
});
