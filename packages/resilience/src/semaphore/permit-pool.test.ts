import { describe, expect, it } from 'vitest';
import { PermitRequest } from './admission.js';
import { FixedLimit } from './limit.js';
import { PermitPool } from './permit-pool.js';

class Request extends PermitRequest {}

const request = (weight = 1, priority = 0) => new Request(weight, priority, undefined);

function pool(permits: number, maxQueue = 10) {
  const limit = new FixedLimit(permits);
  return { limit, pool: new PermitPool(limit, maxQueue) };
}

describe('PermitPool', () => {
  it('lets operations take up to the limit, and not one permit more', () => {
    const { pool: permits } = pool(3);
    expect(permits.take(2, 0)).toBe(true);
    expect(permits.take(2, 0)).toBe(false);
    expect(permits.take(1, 0)).toBe(true);
    expect(permits.take(1, 0)).toBe(false);
    expect(permits.inUse).toBe(3);
    permits.give(2);
    expect(permits.inUse).toBe(1);
    expect(permits.take(2, 0)).toBe(true);
  });

  it('lets no newcomer of the same or a lower priority overtake the first, even if there are permits for it', () => {
    const { pool: permits } = pool(3);
    permits.take(2, 0);
    permits.enqueue(request(2, 5));
    expect(permits.take(1, 5)).toBe(false);
    expect(permits.take(1, 4)).toBe(false);
    expect(permits.take(1, 6)).toBe(true);
  });

  it('hands out nobody behind a first that does not fit', () => {
    const { pool: permits } = pool(3);
    permits.take(2, 0);
    const heavy = request(3);
    const light = request(1);
    permits.enqueue(heavy);
    permits.enqueue(light);
    expect(permits.next()).toBeUndefined();
    permits.give(2);
    expect(permits.next()).toBe(heavy);
    expect(permits.next()).toBeUndefined();
    permits.give(3);
    expect(permits.next()).toBe(light);
    expect(permits.inUse).toBe(1);
    expect(permits.queued).toBe(0);
  });

  it('lets those behind go once a first that did not fit has left', () => {
    const { pool: permits } = pool(3);
    permits.take(2, 0);
    const heavy = request(3);
    const light = request(1);
    permits.enqueue(heavy);
    permits.enqueue(light);
    permits.remove(heavy);
    expect(permits.ready).toBe(light);
    expect(permits.next()).toBe(light);
  });

  it('has room for so many, whatever they weigh', () => {
    const { pool: permits } = pool(5, 2);
    expect(permits.hasRoom()).toBe(true);
    permits.enqueue(request(5));
    expect(permits.hasRoom()).toBe(true);
    permits.enqueue(request(1));
    expect(permits.hasRoom()).toBe(false);
    expect(permits.queued).toBe(2);
  });

  it('follows its limit', () => {
    const { pool: permits, limit } = pool(2);
    permits.take(2, 0);
    permits.enqueue(request(1));
    limit.permits = 3;
    expect(permits.heaviest).toBe(3);
    expect(permits.next()).toBeDefined();
    limit.permits = 1;
    expect(permits.take(1, 9)).toBe(false);
    permits.give(2);
    permits.give(1);
    expect(permits.take(1, 0)).toBe(true);
  });

  it('lists who waits, first to last', () => {
    const { pool: permits } = pool(1);
    const [low, high] = [request(1, 0), request(1, 1)];
    permits.enqueue(low);
    permits.enqueue(high);
    expect(permits.waiting()).toEqual([high, low]);
  });
});
