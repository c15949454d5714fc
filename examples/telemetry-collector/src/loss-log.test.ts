import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { LossLog } from './loss-log.js';

describe('the log of losses', () => {
  it('has the first at once, and those of the next ten seconds in one line', async () => {
    const clock = new VirtualClock();
    const logged: Array<[number, string]> = [];
    const log = new LossLog(clock, (fields, message) => logged.push([(fields as { lines: number }).lines, message]));
    const error = new Error('no space left');
    for (let count = 0; count < 1_000; count++) log.lost('sink', 3, error);
    log.lost('queue-full', 1, error);
    await clock.advance(10_000);
    log.lost('sink', 2, error);
    expect(logged).toEqual([
      [3, '3 lines lost: the sink refused them, or went on failing'],
      [1, '1 lines lost: the sink was slower than the targets, and no more samples could wait for it'],
      [2_999, '2999 lines lost: the sink refused them, or went on failing'],
    ]);
  });
});
