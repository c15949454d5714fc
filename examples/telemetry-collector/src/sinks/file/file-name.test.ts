import { describe, expect, it } from 'vitest';
import { fileName, parseFileName } from './file-name.js';

describe('the name of a file of points', () => {
  it('says when it was begun and which it is, and can be read back', () => {
    const begunMs = Date.UTC(2026, 10, 22, 4, 5, 6);
    const name = fileName(7, begunMs + 789).name;
    expect(name).toBe('points-20261122T040506Z-000007.lp');
    expect(parseFileName(name)).toEqual({ name, number: 7, begunMs });
    expect(parseFileName(fileName(1_234_567, begunMs).name)?.number).toBe(1_234_567);
  });

  it.each([
    'points.lp',
    'points-20261122T040506Z-000007.lp.torn',
    'points-20261122T040506Z-7.lp',
    '.lock-1',
    'x-points-20261122T040506Z-000007.lp',
  ])('is not %s', (name) => {
    expect(parseFileName(name)).toBeUndefined();
  });
});
