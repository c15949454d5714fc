import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PermitRequest } from './admission.js';
import { KeyedPermitPool } from './keyed-permit-pool.js';
import { FixedLimit } from './limit.js';

class Request extends PermitRequest {}

const request = (key: string, weight = 1, priority = 0) => new Request(weight, priority, key);

function setup({ permits = 2, total = Number.POSITIVE_INFINITY, maxQueue = 10, maxQueueTotal = 100 } = {}) {
  const limit = new FixedLimit(permits);
  const totalLimit = new FixedLimit(total);
  return { limit, totalLimit, pool: new KeyedPermitPool(limit, totalLimit, maxQueue, maxQueueTotal) };
}

describe('KeyedPermitPool', () => {
  it('gives each key its own permits', () => {
    const { pool } = setup({ permits: 1 });
    expect(pool.take(1, 0, 'a')).toBe(true);
    expect(pool.take(1, 0, 'a')).toBe(false);
    expect(pool.take(1, 0, 'b')).toBe(true);
    expect(pool.usage('a')).toEqual({ inUse: 1, queued: 0 });
    expect(pool.inUse).toBe(2);
  });

  it('refuses to take without a key', () => {
    expect(setup().pool.take(1, 0, undefined)).toBe(false);
  });

  it('forgets a key that nobody uses or waits for, and makes none for a refusal', () => {
    const { pool } = setup({ permits: 1 });
    expect(pool.take(2, 0, 'a')).toBe(false);
    expect(pool.keys).toBe(0);
    pool.take(1, 0, 'a');
    const waiting = request('a');
    pool.enqueue(waiting);
    pool.give(1, 'a');
    expect(pool.keys).toBe(1);
    expect(pool.next()).toBe(waiting);
    pool.give(1, 'a');
    expect(pool.keys).toBe(0);
    expect(pool.usage('a')).toEqual({ inUse: 0, queued: 0 });
  });

  it('forgets a key whose only request left the queue', () => {
    const { pool } = setup({ total: 1 });
    pool.take(1, 0, 'a');
    const waiting = request('b');
    pool.enqueue(waiting);
    expect(pool.keys).toBe(2);
    pool.remove(waiting);
    expect(pool.keys).toBe(1);
    expect(pool.queued).toBe(0);
  });

  it('bounds the queue of a key, and of all keys', () => {
    const { pool } = setup({ permits: 1, maxQueue: 2, maxQueueTotal: 3 });
    pool.enqueue(request('a'));
    expect(pool.hasRoom('a')).toBe(true);
    pool.enqueue(request('a'));
    expect(pool.hasRoom('a')).toBe(false);
    expect(pool.hasRoom('b')).toBe(true);
    pool.enqueue(request('b'));
    expect(pool.hasRoom('b')).toBe(false);
    expect(pool.hasRoom('c')).toBe(false);
    expect(setup({ maxQueue: 0 }).pool.hasRoom('a')).toBe(false);
  });

  it('lets one request have no more than the smaller limit', () => {
    expect(setup({ permits: 5, total: 3 }).pool.heaviest).toBe(3);
    expect(setup({ permits: 2, total: 3 }).pool.heaviest).toBe(2);
  });

  it('keeps a key without permits from holding up others', () => {
    const { pool } = setup({ permits: 1, total: 3 });
    pool.take(1, 0, 'a');
    pool.enqueue(request('a', 1, 9));
    expect(pool.take(1, 0, 'b')).toBe(true);
    const other = request('b');
    pool.enqueue(other);
    expect(pool.next()).toBeUndefined();
    pool.give(1, 'b');
    expect(pool.next()).toBe(other);
  });

  it('lets keys take turns for the limit of all, however many wait for one of them', () => {
    const { pool } = setup({ permits: 5, total: 1 });
    pool.take(1, 0, 'hot');
    const hot = [request('hot'), request('hot'), request('hot')];
    const cold = request('cold');
    for (const each of [...hot, cold]) pool.enqueue(each);
    const served: PermitRequest[] = [];
    let last = 'hot';
    for (let turn = 0; turn < 4; turn++) {
      pool.give(1, last);
      const next = pool.next()!;
      expect(pool.next()).toBeUndefined();
      last = next.key!;
      served.push(next);
    }
    expect(served).toEqual([hot[0], cold, hot[1], hot[2]]);
  });

  it('lets the key with the highest priority in front go first', () => {
    const { pool } = setup({ permits: 5, total: 1 });
    pool.take(1, 0, 'a');
    const [low, high] = [request('a', 1, 1), request('b', 1, 2)];
    pool.enqueue(low);
    pool.enqueue(high);
    pool.give(1, 'a');
    expect(pool.next()).toBe(high);
    // A request that comes to the front of its key takes the key with it.
    const highest = request('a', 1, 3);
    pool.enqueue(request('c', 1, 2));
    pool.enqueue(highest);
    pool.give(1, 'b');
    expect(pool.next()).toBe(highest);
  });

  it('lets nobody of the same or a lower priority overtake a first that waits for the limit of all', () => {
    const { pool } = setup({ permits: 5, total: 5 });
    pool.take(3, 0, 'a');
    const heavy = request('b', 4, 1);
    pool.enqueue(heavy);
    expect(pool.take(1, 1, 'c')).toBe(false);
    pool.enqueue(request('c', 1, 1));
    expect(pool.next()).toBeUndefined();
    expect(pool.take(1, 2, 'd')).toBe(true);
    pool.give(3, 'a');
    expect(pool.next()).toBe(heavy);
  });

  it('takes a key out of the turn when a higher priority took what its first in line needs', () => {
    const { pool } = setup({ permits: 3, total: 3 });
    pool.take(1, 0, 'a');
    const heavy = request('b', 3);
    pool.enqueue(heavy);
    expect(pool.take(1, 1, 'b')).toBe(true);
    expect(pool.next()).toBeUndefined();
    pool.give(1, 'b');
    pool.give(1, 'a');
    expect(pool.next()).toBe(heavy);
  });

  it('follows a limit of each key that changed', () => {
    const { pool, limit } = setup({ permits: 1 });
    pool.take(1, 0, 'a');
    const waiting = request('a');
    pool.enqueue(waiting);
    limit.permits = 2;
    pool.limitChanged();
    expect(pool.next()).toBe(waiting);
    const another = request('a');
    pool.enqueue(another);
    limit.permits = 3;
    pool.limitChanged();
    limit.permits = 1;
    pool.limitChanged();
    expect(pool.next()).toBeUndefined();
  });

  it('keeps to both limits, forgets idle keys, and leaves nobody waiting who could go, through any history', () => {
    const keys = ['a', 'b', 'c'];
    const step = fc.oneof(
      fc.record({
        come: fc.constantFrom(...keys),
        weight: fc.integer({ min: 1, max: 3 }),
        priority: fc.integer({ min: 0, max: 2 }),
      }),
      fc.record({ give: fc.nat() }),
      fc.record({ leave: fc.nat() }),
      fc.record({ resize: fc.integer({ min: 3, max: 6 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 3, max: 8 }), (steps, total) => {
        const { pool, limit } = setup({ permits: 3, total, maxQueueTotal: 1000, maxQueue: 1000 });
        let holding: Request[] = [];
        let waiting: Request[] = [];
        const sum = (key?: string) =>
          holding.filter((one) => key === undefined || one.key === key).reduce((all, one) => all + one.weight, 0);
        const fits = (one: Request) => sum() + one.weight <= total && sum(one.key) + one.weight <= limit.permits;
        const dispatch = () => {
          for (let next = pool.next() as Request | undefined; next !== undefined; next = pool.next() as Request) {
            expect(fits(next)).toBe(true);
            // The oldest of the highest priority of its key.
            const own = waiting.filter((one) => one.key === next.key).sort((a, b) => b.priority - a.priority);
            expect(next).toBe(own[0]);
            waiting = waiting.filter((one) => one !== next);
            holding.push(next);
          }
        };
        for (const step of steps) {
          if ('come' in step) {
            const one = request(step.come, step.weight, step.priority);
            if (pool.take(one.weight, one.priority, one.key)) {
              expect(fits(one)).toBe(true);
              holding.push(one);
            } else {
              pool.enqueue(one);
              waiting.push(one);
            }
          } else if ('give' in step && holding.length > 0) {
            const one = holding[step.give % holding.length]!;
            holding = holding.filter((other) => other !== one);
            pool.give(one.weight, one.key!);
          } else if ('leave' in step && waiting.length > 0) {
            const one = waiting[step.leave % waiting.length]!;
            waiting = waiting.filter((other) => other !== one);
            pool.remove(one);
          } else if ('resize' in step) {
            limit.permits = step.resize;
            pool.limitChanged();
          }
          dispatch();
          expect(pool.inUse).toBe(sum());
          expect(pool.queued).toBe(waiting.length);
          expect(pool.keys).toBe(new Set([...holding, ...waiting].map((one) => one.key)).size);
          // Of the first of each key whose own permits suffice, the one in turn does not fit into the limit of all.
          const firsts = keys
            .map((key) => waiting.filter((one) => one.key === key).sort((a, b) => b.priority - a.priority)[0])
            .filter((one) => one !== undefined && sum(one.key) + one.weight <= limit.permits) as Request[];
          const highest = Math.max(...firsts.map((one) => one.priority));
          const inTurn = firsts.filter((one) => one.priority === highest);
          if (inTurn.length > 0) expect(inTurn.some((one) => !fits(one))).toBe(true);
        }
      }),
    );
  });
});
