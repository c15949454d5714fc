import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Contenders, hashOf, owner, owners } from './rendezvous.js';

const numbered = (prefix: string, count: number, suffix = '') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}${suffix}`);

/** Whatever a string may hold, lone surrogates and the empty string too. */
const anyString = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('a', '-', '1'),
  ),
});
const anyIds = fc.uniqueArray(anyString, { minLength: 1, maxLength: 20 });
const anyNames = fc.uniqueArray(anyString, { maxLength: 60 });

// Worked out by a second implementation, in another language.
const HASHES = [-1421968373, 444641715, 1081932247, 544574265, -1209781664, -1804732736, -76847418, 1463727854];
const OWNERS = [2, 5, 3, 5, 5, 4, 3, 5, 2, 2, 4, 2, 1, 3, 3, 3, 5, 5, 5, 2, 5, 5, 3, 1];
const ODD = ['a', 'ü', '', 'ü', ''];
/** Found by search: their hashes are the same. */
const TWINS = ['collector-465539', 'collector-1040384'] as const;

describe('rendezvous hashing', () => {
  it('never changes: replicas of two versions must agree', () => {
    expect(['', 'a', 't-1', 'web-1', 'host:8080', 'Zürich', '🌊', '\ud800'].map(hashOf)).toEqual(HASHES);
    const ids = numbered('collector-', 5);
    expect(numbered('t-', 24).map((name) => Number(owner(name, ids)?.slice(-1)))).toEqual(OWNERS);
    expect(['', 'Zürich', '🌊', '\ud800', 'core-switch:161'].map((name) => owner(name, ['a', 'b', 'ü', '']))).toEqual(
      ODD,
    );
  });

  it('gives nothing to nobody, and everything to one', () => {
    expect(owner('web', [])).toBeUndefined();
    expect(owner('web', ['a'])).toBe('a');
    expect(owners(['web', 'db'], [])).toEqual([]);
  });

  it('says who owns many names as it says who owns each', () => {
    const ids = numbered('collector-', 7);
    const names = numbered('t-', 200);
    expect(owners(names, ids)).toEqual(names.map((name) => owner(name, ids)));
  });

  it('does not look at the order of the ids, nor at how often one is named', () => {
    fc.assert(
      fc.property(anyString, anyIds, fc.infiniteStream(fc.nat()), (name, ids, order) => {
        const shuffled = [...ids, ids[0]!].map((id) => [order.next().value, id] as const);
        shuffled.sort(([one], [other]) => one - other);
        expect(
          owner(
            name,
            shuffled.map(([, id]) => id),
          ),
        ).toBe(owner(name, ids));
      }),
    );
  });

  it('says of each id whether it is the first as it says who is', () => {
    fc.assert(
      fc.property(anyNames, anyIds, (names, ids) => {
        const contenders = new Contenders(ids);
        for (const name of names) {
          const first = contenders.ids.filter((_, place) => contenders.isFirst(place, name));
          expect(first).toEqual([contenders.first(name)]);
        }
      }),
    );
    expect(new Contenders(['a']).isFirst(-1, 'web')).toBe(false);
  });

  it('moves the names of a dead id alone', () => {
    fc.assert(
      fc.property(anyNames, anyIds, fc.nat(), (names, ids, which) => {
        const dead = ids[which % ids.length]!;
        const left = ids.filter((id) => id !== dead);
        for (const name of names) {
          const before = owner(name, ids);
          if (before !== dead) expect(owner(name, left)).toBe(before);
        }
      }),
    );
  });

  it('gives to a joiner what becomes its own, and moves nothing between the others', () => {
    fc.assert(
      fc.property(anyNames, anyIds, anyString, (names, ids, joiner) => {
        for (const name of names) {
          const after = owner(name, [...ids, joiner]);
          expect([joiner, owner(name, ids)]).toContain(after);
        }
      }),
    );
  });

  it.each([
    ['t-1 over collector-1', numbered('t-', 100_000), numbered('collector-', 100)],
    ['host1:8080 over 10.0.0.1:8080', numbered('host', 100_000, ':8080'), numbered('10.0.0.', 100, ':8080')],
    ['the same numbers on both sides', numbered('', 100_000), numbered('', 100)],
    [
      'one letter over and over',
      Array.from({ length: 100_000 }, (_, index) => 'a'.repeat(index % 300) + index),
      Array.from({ length: 100 }, (_, index) => 'a'.repeat(index + 1)),
    ],
  ])('spreads 100,000 names within 16 % of even over 100 ids: %s', (_, names, ids) => {
    const contenders = new Contenders(ids);
    const counts = new Map(ids.map((id) => [id, 0]));
    for (const name of names) {
      const first = contenders.first(name)!;
      counts.set(first, counts.get(first)! + 1);
    }
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(1_160);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(840);
  });

  it('spreads what a dead id had over all that are left', () => {
    const ids = numbered('collector-', 10);
    const [all, left] = [new Contenders(ids), new Contenders(ids.slice(1))];
    const heirs = new Map<string, number>();
    for (const name of numbered('t-', 100_000)) {
      if (all.first(name) !== 'collector-1') continue;
      const heir = left.first(name)!;
      heirs.set(heir, (heirs.get(heir) ?? 0) + 1);
    }
    expect(heirs.size).toBe(9);
    expect(Math.max(...heirs.values()) / Math.min(...heirs.values())).toBeLessThan(1.3);
  });

  it('shares fairly between ids whose hashes are the same', () => {
    const [one, other] = TWINS;
    expect(hashOf(one)).toBe(hashOf(other));
    const names = numbered('t-', 1_000);
    const ones = names.filter((name) => owner(name, [one, other]) === one).length;
    expect(ones).toBeGreaterThan(420);
    expect(ones).toBeLessThan(580);
    const twins = new Contenders(TWINS);
    expect(names.filter((name) => twins.isFirst(twins.ids.indexOf(one), name))).toHaveLength(ones);
    expect(names.filter((name) => twins.isFirst(twins.ids.indexOf(other), name))).toHaveLength(1_000 - ones);
    expect(names.map((name) => owner(name, [other, one]))).toEqual(names.map((name) => owner(name, [one, other])));
  });
});
