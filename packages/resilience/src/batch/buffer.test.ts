import { describe, expect, it } from 'vitest';
import type { Batch } from './batch.js';
import { BatchBuffer } from './buffer.js';
import { Ticket } from './ticket.js';

type Mark = string;

function setUp({ batchSize = 3, maxBytes = Number.POSITIVE_INFINITY } = {}) {
  const edge: string[] = [];
  const opened: Array<Batch<Mark, void>> = [];
  const buffer = new BatchBuffer<Mark, void>(
    { batchSize, maxBytes },
    {
      opened: (batch) => {
        opened.push(batch);
        edge.push('opened');
      },
      closed: () => edge.push('closed'),
      aged: () => edge.push('aged'),
    },
  );
  const add = (items: string, size = 1) => {
    for (const item of items) buffer.add(item, size, 0);
  };
  const addTicket = (item: Mark, size = 1) => {
    const ticket = new Ticket<Mark, void>(item, size, 0, Number.POSITIVE_INFINITY);
    ticket.promise.catch(() => {});
    buffer.add(item, size, 0, ticket);
    return ticket;
  };
  const take = () => {
    const batch = buffer.take();
    return batch === undefined ? undefined : `${batch.items.join('')}:${batch.cause}`;
  };
  return { buffer, edge, opened, add, addTicket, take };
}

describe('BatchBuffer', () => {
  it('seals a batch at its size and begins another', () => {
    const { buffer, add, take } = setUp();
    add('abcd');
    expect(buffer.length).toBe(4);
    expect(take()).toBe('abc:count');
    expect(take()).toBeUndefined();
    expect(buffer.length).toBe(1);
  });

  it('hands out sealed batches first come, first served', () => {
    const { add, take } = setUp({ batchSize: 2 });
    add('abcdef');
    expect([take(), take(), take(), take()]).toEqual(['ab:count', 'cd:count', 'ef:count', undefined]);
  });

  it('seals a batch that has reached its bytes', () => {
    const { add, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('ab', 5);
    expect(take()).toBe('ab:bytes');
  });

  it('keeps a batch below its bytes open', () => {
    const { add, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('a', 9);
    expect(take()).toBeUndefined();
  });

  it('seals a batch that the next item does not fit into', () => {
    const { buffer, add, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('ab', 4);
    add('c', 3);
    expect(take()).toBe('ab:bytes');
    expect(take()).toBeUndefined();
    expect(buffer.length).toBe(1);
  });

  it('fills a batch to its last byte', () => {
    const { add, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('a', 4);
    add('b', 6);
    expect(take()).toBe('ab:bytes');
  });

  it('lets an item that is larger than a batch go alone', () => {
    const { add, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('a', 1);
    add('B', 25);
    add('c', 1);
    expect([take(), take(), take()]).toEqual(['a:bytes', 'B:bytes', undefined]);
  });

  it('hands out the open batch when it is due, and lets it fill until then', () => {
    const { add, opened, edge, take } = setUp();
    add('a');
    opened[0]!.expire();
    expect(edge).toEqual(['opened', 'aged']);
    add('b');
    expect(take()).toBe('ab:age');
    expect(edge).toEqual(['opened', 'aged', 'closed']);
  });

  it('hands out what is sealed before what is due', () => {
    const { add, opened, take } = setUp({ batchSize: 2 });
    add('abc');
    opened[1]!.expire();
    expect([take(), take()]).toEqual(['ab:count', 'c:age']);
  });

  it('tells when a batch begins and when its age ceases to matter', () => {
    const { add, edge } = setUp({ batchSize: 2 });
    add('a');
    expect(edge).toEqual(['opened']);
    add('b');
    expect(edge).toEqual(['opened', 'closed']);
    add('c');
    expect(edge).toEqual(['opened', 'closed', 'opened']);
  });

  it('is sealed by hand, once', () => {
    const { buffer, add, edge, take } = setUp();
    buffer.seal('flush');
    add('a');
    buffer.seal('flush');
    buffer.seal('drain');
    expect([take(), take()]).toEqual(['a:flush', undefined]);
    expect(edge).toEqual(['opened', 'closed']);
  });

  it('seals the open batch only if it is of an earlier epoch', () => {
    const { buffer, take } = setUp();
    buffer.add('a', 1, 4);
    buffer.sealBefore(4, 'flush');
    expect(take()).toBeUndefined();
    buffer.sealBefore(5, 'flush');
    expect(take()).toBe('a:flush');
    buffer.sealBefore(6, 'flush');
    expect(take()).toBeUndefined();
  });

  it('knows the batch that goes next, sealed or open', () => {
    const { buffer, add, opened } = setUp({ batchSize: 2 });
    expect(buffer.oldest).toBeUndefined();
    add('a');
    expect(buffer.oldest).toBe(opened[0]);
    add('bc');
    expect(buffer.oldest).toBe(opened[0]);
    buffer.take();
    expect(buffer.oldest).toBe(opened[1]);
  });

  it('takes out an item, with its bytes', () => {
    const { buffer, add, addTicket, take } = setUp({ batchSize: 10, maxBytes: 10 });
    add('a', 2);
    const leaver = addTicket('b', 5);
    add('c', 2);
    buffer.remove(leaver);
    expect(buffer.length).toBe(2);
    add('d', 5);
    expect(take()).toBeUndefined();
    add('e', 1);
    expect(take()).toBe('acde:bytes');
  });

  it('takes out the right one of several', () => {
    const { buffer, addTicket, take } = setUp({ batchSize: 4 });
    const [, second, , fourth] = ['a', 'b', 'c', 'd'].map((item) => addTicket(item));
    buffer.remove(second!);
    buffer.remove(fourth!);
    expect(take()).toBe('ac:count');
  });

  it('gives up an open batch that its last item has left, with its age', () => {
    const { buffer, add, addTicket, edge, take } = setUp();
    buffer.remove(addTicket('a'));
    expect([buffer.length, buffer.oldest]).toEqual([0, undefined]);
    expect(edge).toEqual(['opened', 'closed']);
    add('bcd');
    expect(take()).toBe('bcd:count');
  });

  it('gives up a sealed batch that its last item has left', () => {
    const { buffer, add, addTicket, take } = setUp();
    const leaver = addTicket('a');
    buffer.seal('flush');
    add('bcd');
    buffer.remove(leaver);
    expect([take(), take()]).toEqual(['bcd:count', undefined]);
  });

  it('is emptied as a whole, the oldest first', () => {
    const { buffer, add, take } = setUp({ batchSize: 2 });
    add('abcde');
    expect(buffer.clear().map((batch) => batch.items.join(''))).toEqual(['ab', 'cd', 'e']);
    expect([buffer.length, buffer.oldest, take()]).toEqual([0, undefined, undefined]);
  });
});
