import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyHeap } from './key-heap.js';

describe('KeyHeap', () => {
  it('has the key at hand with the lowest number at hand, whatever was set anew or deleted', () => {
    const step = fc.record({ key: fc.constantFrom(...'abcdefgh'), value: fc.option(fc.nat(20)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const heap = new KeyHeap();
        const model = new Map<string, number>();
        for (const { key, value } of steps) {
          if (value === null) heap.delete(key);
          else heap.set(key, value);
          if (value === null) model.delete(key);
          else model.set(key, value);
          const { first } = heap;
          expect(first?.value).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
          if (first !== undefined) expect(model.get(first.key)).toBe(first.value);
          expect(heap.get(key)).toBe(model.get(key));
        }
      }),
    );
  });
});
