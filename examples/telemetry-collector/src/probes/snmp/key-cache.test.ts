import { describe, expect, it } from 'vitest';
import { KeyCache } from './key-cache.js';

describe('KeyCache', () => {
  it('empties the record when it has grown too large, and looks only now and then', () => {
    const keys: Record<string, number> = {};
    const cache = new KeyCache(keys, { maxKeys: 3, lookEvery: 2 });
    const sizes = [1, 2, 3, 4, 5, 6].map((engine) => {
      keys[`engine ${engine}`] = engine;
      cache.opened();
      return Object.keys(keys).length;
    });
    expect(sizes).toEqual([1, 2, 3, 0, 1, 2]);
  });
});
