import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestWaiter, World } from './allotment.suite.js';

const limits = { maxSockets: 4, maxSocketsPerOrigin: 2, maxQueued: 3 };

/** Lets every socket that can connect, finish or close do so, until nothing moves. */
function run(world: World, rounds = 1000): void {
  for (let round = 0; round < rounds; round++) {
    const slot = world.slots.find(({ state }) => state !== 'idle');
    if (slot === undefined) return;
    if (slot.state === 'connecting') world.connect(slot);
    else if (slot.state === 'busy') world.finish(slot);
    else world.close(slot);
  }
  throw new Error('something still moves');
}

describe('Allotment against the rules in their plainest form', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const pick = fc.nat(1000);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('request' as const), key }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('connect' as const), pick }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), pick }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('close' as const), pick }) },
    fc.record({ do: fc.constant('fail' as const), pick }),
    fc.record({ do: fc.constant('lose' as const), pick }),
    fc.record({ do: fc.constant('vanish' as const), pick }),
    fc.record({ do: fc.constant('leave' as const), pick }),
    fc.record({ do: fc.constant('again' as const), key }),
    fc.record({ do: fc.constant('borrow' as const), key }),
    fc.record({ do: fc.constant('give back' as const), pick }),
    fc.record({ do: fc.constant('evict idle' as const), key }),
  );
  const someLimits = fc.record({
    maxSockets: fc.integer({ min: 1, max: 6 }),
    maxSocketsPerOrigin: fc.integer({ min: 1, max: 4 }),
    maxQueued: fc.integer({ min: 0, max: 6 }),
  });
  const one = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

  function play(world: World, each: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
    if (each.do === 'request') world.request(each.key);
    else if (each.do === 'again') {
      world.allowUrgent(1);
      world.request(each.key, true);
    } else if (each.do === 'borrow') world.borrow(each.key);
    else if (each.do === 'evict idle') {
      const origin = world.allotment.find(each.key);
      if (origin === undefined) return;
      world.allotment.evictIdle(origin);
      expect(world.inState('idle', each.key)).toHaveLength(0);
      world.check();
    } else if (each.do === 'give back') {
      const origin = one(world.borrowed, each.pick);
      if (origin !== undefined) world.giveBack(origin);
    } else if (each.do === 'leave') {
      const waiter = one([...world.waiting.values()].flat(), each.pick);
      if (waiter !== undefined) world.leave(waiter);
    } else {
      const slot = one(
        world.slots.filter(({ state }) => FITTING[each.do].includes(state)),
        each.pick,
      );
      if (slot === undefined) return;
      if (each.do === 'connect') world.connect(slot);
      else if (each.do === 'finish') world.finish(slot);
      else if (each.do === 'fail') world.fail(slot);
      else if (each.do === 'lose') world.lose(slot);
      else world.close(slot);
    }
  }
  const FITTING = {
    connect: ['connecting'],
    fail: ['connecting'],
    finish: ['busy'],
    lose: ['busy', 'idle'],
    close: ['closing'],
    vanish: ['busy', 'idle'],
  };

  it('keeps its caps, its order and its promises, whatever happens', () => {
    fc.assert(
      fc.property(someLimits, fc.array(step, { maxLength: 120 }), (limits, steps) => {
        const world = new World(limits);
        for (const each of steps) play(world, each);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves nobody waiting and remembers nothing when all is over', () => {
    fc.assert(
      fc.property(someLimits, fc.array(step, { maxLength: 60 }), (limits, steps) => {
        const world = new World(limits);
        for (const each of steps) play(world, each);
        while (world.borrowed.length > 0) world.giveBack(world.borrowed[0]!);
        run(world);
        expect([...world.waiting.values()].flat()).toEqual([]);
        for (const slot of world.slots) world.close(slot);
        expect(world.allotment.counts).toEqual({
          open: 0,
          connecting: 0,
          busy: 0,
          idle: 0,
          closing: 0,
          queued: 0,
          origins: 0,
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe('Allotment: who gets a socket', () => {
  it('uses the socket that was used last, so that the others can go', () => {
    const world = new World(limits);
    for (let index = 0; index < 2; index++) world.request('a');
    for (const slot of world.inState('connecting')) world.connect(slot);
    const [first, second] = world.inState('busy');
    world.finish(second!);
    world.finish(first!);
    const waiter = world.request('a');
    expect(first!.waiter).toBe(waiter);
  });

  it('evicts the socket that was idle longest, of whatever origin, and only one for each request', () => {
    const world = new World(limits);
    for (const key of ['a', 'b', 'c', 'd']) {
      world.request(key);
      run(world);
    }
    world.request('b');
    run(world);
    world.log.length = 0;
    world.request('e');
    expect(world.log).toEqual(['evict a']);
    world.request('f');
    expect(world.log).toEqual(['evict a', 'evict c']);
    run(world);
    expect(world.log.slice(2)).toEqual(['open e', 'open f', 'serve e', 'serve f']);
  });

  it('opens no socket for a request that another socket serves first, and keeps what was opened', () => {
    const world = new World(limits);
    world.request('a');
    run(world);
    world.request('a');
    world.request('a');
    expect(world.inState('connecting')).toHaveLength(1);
    world.finish(world.inState('busy')[0]!);
    expect(world.inState('busy')).toHaveLength(1);
    world.connect(world.inState('connecting')[0]!);
    expect(world.inState('idle')).toHaveLength(1);
  });

  it('gives up the oldest attempt when a request leaves that it was made for', () => {
    const world = new World(limits);
    world.request('a');
    const second = world.request('a');
    const [oldest] = world.inState('connecting');
    world.leave(second);
    expect(oldest!.state).toBe('closing');
    expect(world.inState('connecting')).toHaveLength(1);
  });

  it('gives up an attempt that nobody waits for when another origin needs the place', () => {
    const world = new World({ maxSockets: 2, maxSocketsPerOrigin: 2, maxQueued: 5 });
    world.request('a');
    run(world);
    world.request('a');
    world.request('a');
    world.finish(world.inState('busy')[0]!);
    world.log.length = 0;
    world.request('b');
    expect(world.log).toEqual(['cancel a']);
  });

  it('gives up an attempt for another origin as soon as a socket that stays serves who waited for it', () => {
    const world = new World({ maxSockets: 3, maxSocketsPerOrigin: 2, maxQueued: 1 });
    for (const key of ['a', 'a', 'b']) world.request(key);
    const [first] = world.inState('connecting', 'a');
    world.connect(first!);
    const waits = world.request('b');
    world.log.length = 0;
    world.finish(first!);
    expect(world.log).toEqual(['serve a', 'cancel a']);
    run(world);
    expect(waits.fate).toBe('served');
  });

  it('tells one request, the oldest, of each attempt that fails', () => {
    const world = new World({ maxSockets: 2, maxSocketsPerOrigin: 2, maxQueued: 5 });
    const waiters = ['a', 'a', 'a'].map((key) => world.request(key));
    world.fail(world.inState('connecting')[1]!);
    expect(waiters.map(({ fate }) => fate)).toEqual(['failed', undefined, undefined]);
  });

  it('knows for which of those that wait a socket is being opened', () => {
    const world = new World({ maxSockets: 2, maxSocketsPerOrigin: 2, maxQueued: 5 });
    const waiters = ['a', 'a', 'a'].map((key) => world.request(key));
    const origin = world.allotment.find('a')!;
    expect(waiters.map((waiter) => world.allotment.isCovered(origin, waiter))).toEqual([true, true, false]);
  });
});

describe('Allotment: the queue', () => {
  it('refuses the newcomer when the queue is full of its own kind', () => {
    const world = new World({ maxSockets: 1, maxSocketsPerOrigin: 1, maxQueued: 2 });
    const fates = () => waiters.map(({ fate }) => fate);
    const waiters = ['a', 'a', 'a', 'a'].map((key) => world.request(key));
    expect(fates()).toEqual([undefined, undefined, undefined, 'refused']);
    run(world);
    expect(fates()).toEqual(['served', 'served', 'served', 'refused']);
  });

  it('refuses the last of the longest queue in favour of an origin with a shorter one', () => {
    const world = new World({ maxSockets: 1, maxSocketsPerOrigin: 1, maxQueued: 4 });
    const hog = Array.from({ length: 5 }, () => world.request('a'));
    const guest = world.request('b');
    expect(guest.fate).toBeUndefined();
    expect(hog.map(({ fate }) => fate)).toEqual([undefined, undefined, undefined, undefined, 'refused']);
    const second = world.request('b');
    expect(second.fate).toBeUndefined();
    expect(hog[3]!.fate).toBe('refused');
    expect(world.request('b').fate).toBe('refused');
  });

  it('does not count requests for which a socket is being opened or freed', () => {
    const world = new World({ maxSockets: 2, maxSocketsPerOrigin: 2, maxQueued: 0 });
    expect(world.request('a').fate).toBeUndefined();
    expect(world.request('a').fate).toBeUndefined();
    expect(world.request('a').fate).toBe('refused');
    run(world);
    expect(world.request('b').fate).toBeUndefined();
    expect(world.request('c').fate).toBeUndefined();
    expect(world.request('d').fate).toBe('refused');
  });
});

describe('Allotment: fairness among origins', () => {
  /** Keeps `backlog` requests waiting at each origin, and finishes one busy socket after the other, the longest busy first. */
  function load(world: World, keys: readonly string[], backlog: number, turns: number): Map<string, number> {
    const served = new Map(keys.map((key) => [key, 0]));
    const fill = () => {
      for (const key of keys) while ((world.waiting.get(key)?.length ?? 0) < backlog) world.request(key);
    };
    fill();
    const busy = world.inState('busy');
    for (let turn = 0; turn < turns; turn++) {
      for (let slot = next(); slot !== undefined; slot = next()) {
        if (slot.state === 'closing') world.close(slot);
        else {
          world.connect(slot);
          busy.push(slot);
        }
      }
      const slot = busy.shift()!;
      served.set(slot.origin.key, served.get(slot.origin.key)! + 1);
      world.finish(slot);
      if (slot.state === 'busy') busy.push(slot);
      fill();
    }
    return served;

    function next() {
      return world.slots.find(({ state }) => state === 'connecting' || state === 'closing');
    }
  }

  it('gives a newcomer the next socket that becomes free, however long the queue of the others', () => {
    const world = new World({ maxSockets: 4, maxSocketsPerOrigin: 4, maxQueued: 1000 });
    for (let index = 0; index < 500; index++) world.request('hog');
    for (const slot of world.inState('connecting')) world.connect(slot);
    const guest = world.request('guest');
    world.finish(world.inState('busy')[0]!);
    const [evicted] = world.inState('closing');
    world.close(evicted!);
    world.connect(world.inState('connecting', 'guest')[0]!);
    expect(guest.fate).toBe('served');
  });

  it('shares alike among origins that all have a backlog, and then leaves their sockets alone', () => {
    const world = new World({ maxSockets: 10, maxSocketsPerOrigin: 10, maxQueued: 1000 });
    load(world, ['a'], 10, 30);
    load(world, ['a', 'b', 'c'], 10, 100);
    expect(['a', 'b', 'c'].map((key) => world.open(key)).sort()).toEqual([3, 3, 4]);
    world.log.length = 0;
    load(world, ['a', 'b', 'c'], 10, 100);
    expect(world.log.filter((entry) => entry.startsWith('evict'))).toEqual([]);
  });

  it('takes turns where there are more origins than sockets', () => {
    const world = new World({ maxSockets: 3, maxSocketsPerOrigin: 3, maxQueued: 10_000 });
    const keys = Array.from({ length: 10 }, (_, index) => `origin-${index}`);
    const served = load(world, keys, 3, 150);
    for (const count of served.values()) expect(Math.abs(count - 15)).toBeLessThanOrEqual(2);
  });

  it('leaves sockets to those who cannot use the places of others', () => {
    const world = new World({ maxSockets: 10, maxSocketsPerOrigin: 3, maxQueued: 1000 });
    load(world, ['a', 'b', 'c'], 20, 100);
    expect(['a', 'b', 'c'].map((key) => world.open(key))).toEqual([3, 3, 3]);
    world.log.length = 0;
    load(world, ['a', 'b', 'c', 'd'], 20, 100);
    expect(['a', 'b', 'c', 'd'].map((key) => world.open(key)).sort()).toEqual([2, 2, 3, 3]);
  });

  it('lets a request that is tried again go before the others of its origin', () => {
    const world = new World({ maxSockets: 1, maxSocketsPerOrigin: 1, maxQueued: 10 });
    const order: TestWaiter[] = [world.request('a'), world.request('a')];
    world.connect(world.inState('connecting')[0]!);
    world.allowUrgent(1);
    const again = world.request('a', true);
    world.finish(world.inState('busy')[0]!);
    expect(again.fate).toBe('served');
    expect(order[1]!.fate).toBeUndefined();
  });
});
