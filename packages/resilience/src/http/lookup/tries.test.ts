import { describe, expect, it } from 'vitest';
import { planTries } from './tries.js';

const order = (conf: Parameters<typeof planTries>[0], first: number) =>
  planTries(conf, first).map(({ server, timeoutMs }) => `${server} ${timeoutMs}`);

describe('planTries', () => {
  it('asks every server once per attempt', () => {
    const conf = { servers: ['a', 'b', 'c'], timeoutMs: 6000, attempts: 2 };
    expect(order(conf, 0)).toEqual(['a 6000', 'b 6000', 'c 6000', 'a 4000', 'b 4000', 'c 4000']);
  });

  it('begins where it is told, for `rotate`', () => {
    const conf = { servers: ['a', 'b', 'c'], timeoutMs: 1000, attempts: 1 };
    expect(order(conf, 1)).toEqual(['b 1000', 'c 1000', 'a 1000']);
    expect(order(conf, 2)).toEqual(['c 1000', 'a 1000', 'b 1000']);
  });

  it('waits twice as long with each attempt, shared among the servers, and at least a second', () => {
    expect(order({ servers: ['a'], timeoutMs: 5000, attempts: 3 }, 0)).toEqual(['a 5000', 'a 10000', 'a 20000']);
    expect(order({ servers: ['a', 'b', 'c'], timeoutMs: 1000, attempts: 2 }, 0).slice(3)).toEqual([
      'a 1000',
      'b 1000',
      'c 1000',
    ]);
  });
});
