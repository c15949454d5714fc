import { describe, expect, it } from 'vitest';
import { isHolder, isSameStamp, outranks, readStamp, stampText } from './stamp.js';

const A = { token: 1_795_344_000_000_000, holder: 'replica-1#0f' };

describe('a stamp', () => {
  it('is text that can be read again', () => {
    expect(stampText(A)).toBe('1795344000000000 replica-1#0f');
    expect(readStamp(stampText(A))).toEqual(A);
  });

  it.each([
    '',
    'x',
    '12',
    '12 ',
    '0 a',
    '-1 a',
    '1.5 a',
    '1e3 a',
    '9000000000000001 a',
    '12 a b',
    `12 ${'a'.repeat(201)}`,
  ])('is not %j, and who finds that is told to remove it', (text) => {
    expect(() => readStamp(text)).toThrow(
      /where a leader's stamp belongs; remove it, and the next leader stamps anew$/,
    );
  });

  it('shows no more of what is there than fits into a line', () => {
    expect(() => readStamp('x'.repeat(10_000))).toThrow(/^.{100,250}$/);
  });

  it('outranks a lower token, and the same one of another holder', () => {
    expect(outranks({ ...A, token: A.token + 1 }, A)).toBe(true);
    expect(outranks({ ...A, holder: 'b' }, A)).toBe(true);
    expect(outranks(A, A)).toBe(false);
    expect(outranks({ token: A.token - 1, holder: 'b' }, A)).toBe(false);
    expect(isSameStamp(A, { ...A })).toBe(true);
    expect(isSameStamp(A, { ...A, holder: 'b' })).toBe(false);
    expect(isSameStamp(A, { ...A, token: 1 })).toBe(false);
  });

  it('has a holder that fits into it', () => {
    expect(isHolder('pod-1.ns#ab')).toBe(true);
    for (const text of ['', 'a b', 'ä', 'a\n', 'a'.repeat(201)]) expect(isHolder(text)).toBe(false);
  });
});
