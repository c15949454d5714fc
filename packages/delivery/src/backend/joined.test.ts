import { describe, expect, it } from 'vitest';
import { joined } from './joined.js';

const text = Buffer.from(Uint8Array.from({ length: 12 }, (_, index) => index));

describe('joined', () => {
  it('takes what lies in a row as it is', () => {
    const whole = joined([text.subarray(2, 5), text.subarray(5, 6), text.subarray(6, 9)]);
    expect([...whole]).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect([whole.buffer, whole.byteOffset]).toEqual([text.buffer, text.byteOffset + 2]);
  });

  it('copies what does not: gaps, another order, other memory', () => {
    expect([...joined([text.subarray(2, 4), text.subarray(5, 6)])]).toEqual([2, 3, 5]);
    expect([...joined([text.subarray(3, 5), text.subarray(2, 3)])]).toEqual([3, 4, 2]);
    expect([...joined([text.subarray(0, 1), Uint8Array.of(7)])]).toEqual([0, 7]);
  });

  it('takes a single piece for the whole', () => {
    expect(joined([text.subarray(3, 4)])).toEqual(Uint8Array.of(3));
  });
});
