import { expect, it } from 'vitest';
import { Hold } from './hold.js';

it('releases a hold once, however often it is disposed', () => {
  let released = 0;
  const hold = new Hold(() => released++);
  expect(released).toBe(0);
  hold[Symbol.dispose]();
  hold[Symbol.dispose]();
  expect(released).toBe(1);
});
