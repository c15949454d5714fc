import { describe, expect, it } from 'vitest';
import { MOST_HINTS } from './hint-store.js';
import { Strikes } from './strikes.js';

const STRIKE = { forMs: 1_000, openMs: 0, attempts: 1 };
const KEYS = 3 * MOST_HINTS;

/** What there is to say when the store is back that was lost while ever other keys failed. */
function saidAfter(each: (strikes: Strikes, key: string) => void): number {
  const strikes = new Strikes();
  for (let index = 0; index < KEYS; index++) {
    strikes.add(`key-${index}`, index, STRIKE);
    each(strikes, `key-${index}`);
    if (index % 500 === 0) strikes.says(500, index, 1_000);
  }
  return strikes.says(Number.POSITIVE_INFINITY, KEYS, 1_000).says.length;
}

describe('strikes while the store is lost', () => {
  it('keep nothing to say of those that have ended', () => {
    expect(saidAfter(() => {})).toBeLessThanOrEqual(STRIKE.forMs);
  });

  it('keep to say of so many at most that they were taken back', () => {
    expect(saidAfter((strikes, key) => strikes.takeBack(key))).toBe(2 * MOST_HINTS);
  });

  it('say so of a strike that the store may have heard of', () => {
    const strikes = new Strikes();
    strikes.add('core', 0, STRIKE);
    strikes.says(500, 0, 1_000);
    expect(strikes.takeBack('core')).toBe(true);
    expect(strikes.says(500, 100, 1_000).says).toEqual([{ verb: 'relief', key: 'core' }]);
  });
});
