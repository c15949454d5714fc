import { expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import { fits } from './deadline.js';

it('fits says whether something can be done before the deadline', () => {
  const clock = new VirtualClock({ nowMs: 100 });
  expect(fits(clock, 150, 49)).toBe(true);
  expect(fits(clock, 150, 50)).toBe(false);
  expect(fits(clock, 100, 0)).toBe(false);
  expect(fits(clock, Number.POSITIVE_INFINITY, Number.MAX_VALUE)).toBe(true);
});
