import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressCache } from './address-cache.js';

describe('AddressCache', () => {
  it('forgets at the end of the time to live', () => {
    const cache = new AddressCache<string>(10);
    cache.set('a', 'x', 100, 1000);
    expect(cache.get('a', 1099)).toBe('x');
    expect(cache.get('a', 1100)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it('does not keep what must not be kept, and drops what was there', () => {
    const cache = new AddressCache<string>(10);
    cache.set('a', 'x', 100, 0);
    cache.set('a', 'y', 0, 0);
    expect(cache.get('a', 0)).toBeUndefined();
    const none = new AddressCache<string>(0);
    none.set('a', 'x', 100, 0);
    expect(none.size).toBe(0);
  });

  it('is a map with times that keeps what was used last', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, ttlMs: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ do: fc.constant('get' as const), key }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (maxEntries, steps) => {
        const cache = new AddressCache<number>(maxEntries);
        // Oldest use first.
        let model: Array<{ key: string; value: number; untilMs: number }> = [];
        let now = 0;
        steps.forEach((each, value) => {
          if (each.do === 'wait') {
            now += each.ms;
            return;
          }
          const known = model.find((entry) => entry.key === each.key);
          model = model.filter((entry) => entry !== known);
          if (each.do === 'get') {
            const alive = known !== undefined && known.untilMs > now;
            if (alive) model.push(known);
            expect(cache.get(each.key, now)).toBe(alive ? known.value : undefined);
          } else {
            if (each.ttlMs > 0 && model.length === maxEntries) model.shift();
            if (each.ttlMs > 0) model.push({ key: each.key, value, untilMs: now + each.ttlMs });
            cache.set(each.key, value, each.ttlMs, now);
          }
          expect(cache.size).toBe(model.length);
        });
      }),
    );
  });
});
