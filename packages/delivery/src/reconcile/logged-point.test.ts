import { expect, it } from 'vitest';
import { pointOf } from './logged-point.js';

it.each([
  ['m v=1 1700000000000000001', 'm', 1_700_000_000_000_000_001n],
  ['a\\,b\\ c\\d,t=x\\ y v="is 5 5",w=2i -7', 'a,b c\\d', -7n],
  ['m s="two\nlines, 3 4" 5', 'm', 5n],
])('%s', (line, measurement, timeNs) => {
  expect(pointOf(line)).toEqual({ measurement, timeNs });
});
