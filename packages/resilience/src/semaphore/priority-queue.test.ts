import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PriorityQueue, Queued } from './priority-queue.js';

class Item extends Queued {
  readonly label: number;
  readonly priority: number;

  constructor(label: number, priority: number) {
    super();
    this.label = label;
    this.priority = priority;
  }
}

function filled(...priorities: number[]) {
  const queue = new PriorityQueue<Item>();
  const items = priorities.map((priority, label) => new Item(label, priority));
  for (const item of items) queue.push(item, item.priority);
  return { queue, items };
}

const labels = (queue: PriorityQueue<Item>) => [...queue].map((item) => item.label);

describe('PriorityQueue', () => {
  it('is empty at first', () => {
    const { queue } = filled();
    expect(queue.first).toBeUndefined();
    expect(queue.size).toBe(0);
    expect(queue.priority).toBe(Number.NEGATIVE_INFINITY);
    expect(labels(queue)).toEqual([]);
  });

  it('puts higher priorities first, and the oldest first within one', () => {
    const { queue } = filled(0, 5, 0, -1, 5);
    expect(labels(queue)).toEqual([1, 4, 0, 2, 3]);
    expect(queue.first?.label).toBe(1);
    expect(queue.priority).toBe(5);
    expect(queue.size).toBe(5);
  });

  it.each([
    ['the first', 0, [1, 2]],
    ['the middle', 1, [0, 2]],
    ['the last', 2, [0, 1]],
  ])('lets %s of a line leave', (_, label, rest) => {
    const { queue, items } = filled(0, 0, 0);
    queue.remove(items[label]!);
    expect(labels(queue)).toEqual(rest);
    queue.push(new Item(3, 0), 0);
    expect(labels(queue)).toEqual([...rest, 3]);
  });

  it('forgets a priority that nobody waits with', () => {
    const { queue, items } = filled(1, 2, 3);
    queue.remove(items[1]!);
    expect(labels(queue)).toEqual([2, 0]);
    queue.remove(items[2]!);
    expect(queue.priority).toBe(1);
    queue.remove(items[0]!);
    expect(queue.first).toBeUndefined();
    expect(queue.priority).toBe(Number.NEGATIVE_INFINITY);
  });

  it('lets who left come back, at the end', () => {
    const { queue, items } = filled(0, 0);
    queue.remove(items[0]!);
    expect(items[0]!.line).toBeUndefined();
    queue.push(items[0]!, 0);
    expect(labels(queue)).toEqual([1, 0]);
  });

  it('agrees with a stably sorted list on any history', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: -3, max: 3 }) }),
      fc.record({ remove: fc.nat() }),
      fc.constant({ shift: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new PriorityQueue<Item>();
        let model: Item[] = [];
        let made = 0;
        for (const step of steps) {
          if ('push' in step) {
            const item = new Item(made++, step.push);
            queue.push(item, item.priority);
            model = [...model, item].sort((a, b) => b.priority - a.priority);
          } else if (model.length > 0) {
            const leaving = model[('remove' in step ? step.remove : 0) % model.length]!;
            queue.remove(leaving);
            model = model.filter((item) => item !== leaving);
          }
          expect([...queue]).toEqual(model);
          expect(queue.size).toBe(model.length);
          expect(queue.first).toBe(model[0]);
          expect(queue.priority).toBe(model[0]?.priority ?? Number.NEGATIVE_INFINITY);
        }
      }),
    );
  });
});
