import { describe, expect, it } from 'vitest';
import { DestinationHolds, destinationKey } from './destination-holds.js';
import { eventsOf } from './lane.suite.js';

const TIDES = { org: '', bucket: 'tides' };
const WINDS = { org: '', bucket: 'winds' };
const answer = { reason: 'not-found', words: 'no such database', retryAfterMs: 1_000 } as const;
const always = () => 0;

describe('DestinationHolds', () => {
  it('keeps destinations apart, also those whose names run together', () => {
    const keys = [
      { org: 'a', bucket: 'b/c' },
      { org: 'a/b', bucket: 'c' },
      { org: '', bucket: 'a/b/c' },
    ].map(destinationKey);
    expect(new Set(keys).size).toBe(3);
    const holds = new DestinationHolds('http://influx:8086');
    holds.begin(TIDES, answer, 0, 0, always);
    expect(holds.of(destinationKey(TIDES))?.admits(999)).toBe(false);
    expect(holds.of(destinationKey(WINDS))).toBeUndefined();
  });

  it('tells when the first of them will be over', () => {
    const holds = new DestinationHolds('http://influx:8086');
    expect(holds.dueMs(0)).toBe(Number.POSITIVE_INFINITY);
    holds.begin(TIDES, answer, 0, 0, always);
    holds.begin(WINDS, answer, 0, 500, always);
    expect([holds.dueMs(0), holds.dueMs(1_000), holds.dueMs(1_500)]).toEqual([1_000, 1_500, Number.POSITIVE_INFINITY]);
  });

  it('says that it begins and, with a request that was sent in it, that it ends', () => {
    using events = eventsOf();
    const holds = new DestinationHolds('http://influx:8086');
    holds.begin(TIDES, answer, 0, 0, always);
    holds.end(TIDES, 0);
    expect(holds.held(20)).toHaveLength(1);
    holds.end(TIDES, 1);
    holds.end(TIDES, 1);
    expect(holds.held(20)).toEqual([]);
    const { reason, words } = answer;
    const about = { backend: 'http://influx:8086', destination: 'tides' };
    expect(events.list).toEqual([
      { type: 'lane.held', ...about, reason, words, holdMs: 1_000 },
      { type: 'lane.resumed', ...about },
    ]);
  });

  it('forgets a destination ten minutes after it could have been tried, unless it is being tried', () => {
    const holds = new DestinationHolds('http://influx:8086');
    for (const destination of [TIDES, WINDS]) holds.begin(destination, answer, 0, 0, always);
    holds.of(destinationKey(WINDS))!.probes++;
    expect(holds.forget(601_000)).toEqual([]);
    expect(holds.held(20)).toHaveLength(2);
    expect(holds.forget(601_001)).toEqual([destinationKey(TIDES)]);
    expect(holds.held(20)).toMatchObject([{ destination: 'winds' }]);
  });
});
