import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from './heap.js';

interface Item {
  place: number;
  order: number;
}

const command = fc.oneof(
  fc.record({ do: fc.constant('add' as const), order: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ do: fc.constantFrom('remove' as const, 'change' as const), at: fc.nat(40), order: fc.nat(30) }),
  fc.record({ do: fc.constant('take' as const) }),
);

describe('a heap', () => {
  it('holds what a sorted list holds, whatever is added, changed, removed and taken', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const heap = new Heap<Item>((one, other) => one.order < other.order);
        const model: Item[] = [];
        for (const each of commands) {
          if (each.do === 'add') {
            const item = { place: -1, order: each.order };
            heap.add(item);
            model.push(item);
          } else if (each.do === 'take') {
            const first = heap.first;
            if (first === undefined) continue;
            heap.remove(first);
            model.splice(model.indexOf(first), 1);
            expect(first.place).toBe(-1);
          } else if (model.length > 0) {
            const item = model[each.at % model.length]!;
            if (each.do === 'remove') {
              heap.remove(item);
              model.splice(model.indexOf(item), 1);
            } else {
              item.order = each.order;
              heap.moved(item);
            }
          }
          expect(heap.size).toBe(model.length);
          expect(heap.first?.order).toBe(model.length === 0 ? undefined : Math.min(...model.map((item) => item.order)));
        }
      }),
    );
  });

  it('ignores the removal of what it does not hold', () => {
    const heap = new Heap<Item>((one, other) => one.order < other.order);
    const item = { place: -1, order: 1 };
    heap.add(item);
    heap.remove({ place: 0, order: 1 });
    expect(heap.first).toBe(item);
    heap.remove(item);
    heap.remove(item);
    expect(heap.size).toBe(0);
  });
});
