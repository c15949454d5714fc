import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom, VirtualClock } from '@breakwater/resilience/testing';
import { startServer } from '@breakwater/testbed';
import { describe, expect, it } from 'vitest';
import { httpBackend } from '../backend/http-backend.js';
import { LaneGate } from './gate.js';
import { collected, slotOf } from './lane.suite.js';

/** A lane to a real server: its time is virtual, and goes no faster than the server's. */
async function openLane() {
  const server = await startServer('influxdb', { database: 'b' });
  const clock = new VirtualClock();
  const backend = httpBackend({ url: server.url });
  const slot = slotOf(clock, new LaneGate({ backend, clock, random: seededRandom(1) }), 'slot-1');
  const lane = slot.start();
  return {
    ...slot,
    lane,
    /** Lets the lane work until that is so. */
    async until(isSo: () => boolean) {
      for (let turn = 0; turn < 20_000 && !isSo(); turn++) {
        await clock.advance(5);
        await sleep(5);
      }
      expect(isSo()).toBe(true);
    },
    async count(measurement: string): Promise<number> {
      const query = new URLSearchParams({ db: 'b', q: `SELECT COUNT(f) FROM "${measurement}"` });
      const answer = (await (await fetch(`${server.url}/query?${query}`)).json()) as {
        results: [{ series?: Array<{ values: number[][] }> }];
      };
      return answer.results[0].series?.[0]?.values[0]?.[1] ?? 0;
    },
    async [Symbol.asyncDispose]() {
      await lane.stop();
      await backend.close();
      await server.stop();
    },
  };
}

describe('a lane to InfluxDB 1.6', () => {
  it('finds the bad line in 5,000, also where the server repeats control characters in a header', async () => {
    await using rig = await openLane();
    rig.commitBody(Buffer.from('m\x01x f=1 1\nm\x00y f=1 1\n'), 2);
    await rig.until(() => rig.book.pending === 0);
    const bad = new Map([
      [1_234, 'm\x01x f="s" 2'],
      [4_321, 'm\x00y f="s" 2'],
    ]);
    rig.commit(5_000, 'b', (n) => bad.get(n) ?? `good f=${n}i ${n + 1}`);
    await rig.until(() => rig.book.pending === 0);
    expect(rig.texts().sort()).toEqual([...bad.values()].sort());
    expect([...rig.quarantined.values()].map(({ words }) => words)).toEqual([
      expect.stringMatching(/^400 partial write: field type conflict/),
      expect.stringMatching(/^400 partial write: field type conflict/),
    ]);
    expect(await rig.count('good')).toBe(4_998);
    expect(collected(rig.lane, 'delivery_requests_total').reduce((sum, count) => sum + count, 0)).toBeLessThan(70);
  });

  it('gives up nothing that the server fails over: it stores the name that is not UTF-8 the second time', async () => {
    await using rig = await openLane();
    rig.commitBody(Buffer.from('good f=1 1\nm f\xff=1 1\n', 'latin1'), 2);
    await rig.until(() => rig.book.pending === 0);
    expect(rig.book.totals).toMatchObject({ released: 2, quarantined: 0 });
    const outcomes = new Map<string, unknown>();
    rig.lane.measure(({ name }, labels, value) => {
      if (name === 'delivery_requests_total' && value !== 0) outcomes.set(labels['outcome']!, value);
    });
    expect(Object.fromEntries(outcomes)).toEqual({ 'server-error': 1, stored: 1 });
    expect(await rig.count('good')).toBe(1);
  });
});
