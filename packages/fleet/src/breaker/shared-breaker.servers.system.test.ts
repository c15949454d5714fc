import { setTimeout as pause } from 'node:timers/promises';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWERS_AFTER_MS, CallerProcess, CountingServer } from './breaker-rig.suite.js';

const IDS = ['r1', 'r2', 'r3', 'r4', 'r5'];
const OPEN_MS = 2_500;
const THRESHOLD = 5;
const QUORUM = 3;
/** Much slower than a sync, on a busy machine too, so that what is under way in one is a call of each. */
const EVERY_MS = 1_500;
const BREAKER = JSON.stringify({
  name: 'upstream',
  failureThreshold: THRESHOLD,
  recoveryTimeoutMs: OPEN_MS,
  successThreshold: 2,
});

let redis: RunningServer & { url: string };
beforeAll(async () => {
  redis = await startServer('redis');
});
afterAll(() => redis.stop());

const within = { timeout: 60_000, interval: 20 };
/** Ten processes start at once. */
const starting = { timeout: 120_000, interval: 20 };

describe('five processes with a shared breaker, and five without', () => {
  let upstream: CountingServer;
  let other: CountingServer;
  let fleet: CallerProcess[];
  let separate: CallerProcess[];
  const states = (of: CallerProcess[]) => of.map(({ state }) => state.split(' ')[0]);
  const everywhere = (state: string) => IDS.map(() => state);

  beforeAll(async () => {
    upstream = await CountingServer.open();
    other = await CountingServer.open();
    const env = { EVERY_MS: `${EVERY_MS}`, BREAKER, IDS: IDS.join() };
    fleet = IDS.map((id) => new CallerProcess(id, { ...env, UPSTREAM: upstream.url, REDIS_URL: redis.url }));
    separate = IDS.map((id) => new CallerProcess(id, { ...env, UPSTREAM: other.url, REDIS_URL: '' }));
  });
  afterAll(async () => {
    await Promise.all([...fleet, ...separate].map((caller) => caller.stop()));
    upstream.close();
    other.close();
  });

  it('leave a dying upstream alone within the failures of a quorum, and probe one at a time', async () => {
    await expect.poll(() => fleet.map(({ state }) => state), starting).toEqual(everywhere('closed'));
    await expect.poll(() => states(separate), starting).toEqual(everywhere('closed'));
    await pause(500);
    for (const server of [upstream, other]) {
      server.up = false;
      server.forget();
    }
    await expect.poll(() => states(fleet), within).toEqual(everywhere('open'));
    const together = upstream.arrived.length;
    await expect.poll(() => states(separate), within).toEqual(everywhere('open'));
    const apart = other.arrived.length;
    upstream.forget();
    other.forget();
    const since = performance.now();
    await pause(4 * OPEN_MS);
    const periods = (performance.now() - since) / (OPEN_MS + ANSWERS_AFTER_MS);
    const probes = { together: upstream.arrived.length, apart: other.arrived.length };
    process.stdout.write(
      `requests until all were open: ${together} shared, ${apart} separate; probes in ${4 * OPEN_MS} ms: ${probes.together} shared (${upstream.mostAtOnce} at once), ${probes.apart} separate\n`,
    );
    expect(together).toBeLessThanOrEqual(QUORUM * THRESHOLD + IDS.length);
    expect(apart).toBeGreaterThanOrEqual(IDS.length * THRESHOLD);
    expect(upstream.mostAtOnce).toBe(1);
    expect(probes.together).toBeGreaterThanOrEqual(2);
    // One in each open period, of which each is OPEN_MS at the least and begins with an answer.
    expect(probes.together).toBeLessThanOrEqual(Math.floor(periods) + 1);
    expect(probes.apart).toBeGreaterThan(2 * probes.together);
  });

  it('close together when the probes of one went well', async () => {
    upstream.up = true;
    upstream.forget();
    await expect.poll(() => states(fleet), within).toEqual(everywhere('closed'));
  });

  it('do not mind one whose own network is broken', async () => {
    fleet[0]!.network('cut');
    await expect.poll(() => fleet[0]!.state, within).toBe('open');
    upstream.forget();
    for (let look = 0; look < 50; look++) {
      await pause(100);
      expect(states(fleet).slice(1)).toEqual(['closed', 'closed', 'closed', 'closed']);
    }
    expect(new Set(upstream.arrived.map(({ by }) => by))).toEqual(new Set(IDS.slice(1)));
    fleet[0]!.network('mended');
    await expect.poll(() => states(fleet), within).toEqual(everywhere('closed'));
  });

  it('decide alone when Redis is killed, and share again when it is back with nothing', async () => {
    redis.signal('SIGKILL');
    await expect.poll(() => fleet.map(({ state }) => state), within).toEqual(everywhere('closed alone'));
    upstream.up = false;
    await expect.poll(() => fleet.map(({ state }) => state), within).toEqual(everywhere('open alone'));
    await redis.restart();
    await expect.poll(() => fleet.filter(({ state }) => state.includes('alone')).length, within).toBe(0);
    upstream.up = true;
    await expect.poll(() => states(fleet), within).toEqual(everywhere('closed'));
    await pause(1_000);
    upstream.up = false;
    upstream.forget();
    await expect.poll(() => states(fleet), within).toEqual(everywhere('open'));
    expect(upstream.arrived.length).toBeLessThanOrEqual(QUORUM * THRESHOLD + IDS.length);
    expect(fleet.map(({ exits, errors }) => [exits, errors])).toEqual(IDS.map(() => [0, '']));
  });
});
