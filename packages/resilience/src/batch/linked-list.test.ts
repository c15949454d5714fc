import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Linked, LinkedList } from './linked-list.js';

class Node implements Linked<Node> {
  readonly id: number;
  previous: Node | undefined;
  next: Node | undefined;

  constructor(id: number) {
    this.id = id;
  }
}

function forwards(list: LinkedList<Node>): number[] {
  const ids: number[] = [];
  for (let node = list.first; node !== undefined; node = node.next) ids.push(node.id);
  return ids;
}

function backwards(list: LinkedList<Node>): number[] {
  const ids: number[] = [];
  for (let node = list.last; node !== undefined; node = node.previous) ids.push(node.id);
  return ids;
}

describe('LinkedList', () => {
  it('holds the same as an array after any pushes, removals and shifts', () => {
    const step = fc.oneof(fc.constant('push' as const), fc.constant('shift' as const), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new LinkedList<Node>();
        const model: Node[] = [];
        for (const [id, move] of steps.entries()) {
          if (move === 'push') {
            const node = new Node(id);
            list.push(node);
            model.push(node);
          } else if (move === 'shift') {
            expect(list.shift()).toBe(model.shift());
          } else if (model.length > 0) {
            const [node] = model.splice(move % model.length, 1);
            list.remove(node!);
            expect([node!.previous, node!.next]).toEqual([undefined, undefined]);
          }
          expect(list.length).toBe(model.length);
          expect(forwards(list)).toEqual(model.map((node) => node.id));
          expect(backwards(list)).toEqual(model.map((node) => node.id).reverse());
        }
        expect(list.takeAll()).toEqual(model);
        expect([list.length, list.first, list.last]).toEqual([0, undefined, undefined]);
      }),
    );
  });
});
