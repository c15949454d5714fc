import { setTimeout as pause } from 'node:timers/promises';
import { type RedisGroup, type RunningServer, redisGroup, startServer } from '@breakwater/testbed';
import { afterEach, describe, expect, it } from 'vitest';
import { CountingServer, ReplicaProcess } from './replica-processes.suite.js';

const CONCURRENT = 20;
const EXPIRATION_MS = 2_000;
/** Grace, and the time to notice that Redis is back. */
const CLOSED_MS = EXPIRATION_MS + 250 + 5_000;
/** Long enough that calls meet at the server on a slow machine too. */
const TAKES_MS = 250;
const WITHIN_MS = 4_000;
/** How soon after its deadline a call is answered. */
const SLACK_MS = 1_000;

describe('three replicas that want more than the limit', () => {
  let redis: RunningServer & { url: string };
  let server: CountingServer;
  let replicas: ReplicaProcess[];

  const start = () =>
    new ReplicaProcess({
      REDIS_URL: redis.url,
      SERVER: server.url,
      CALLERS: '30',
      WITHIN_MS: String(WITHIN_MS),
      SLACK_MS: String(SLACK_MS),
      LIMIT: JSON.stringify({ key: 'core', concurrent: CONCURRENT, expirationMs: EXPIRATION_MS }),
    });

  async function begin(takesMs = TAKES_MS, group?: RedisGroup): Promise<void> {
    redis = group === undefined ? await startServer('redis') : Object.assign(group.master, { url: group.url });
    server = await CountingServer.start(takesMs);
    replicas = [1, 2, 3].map(start);
    await reach(() => server.served > 20, CLOSED_MS + 60_000, 'service after the start');
  }

  afterEach(async () => {
    for (const replica of replicas) replica.signal('SIGKILL');
    await server.stop();
    await redis.stop();
  });

  /** Ends all, and holds them to what every one of them promises. */
  async function end(): Promise<void> {
    for (const replica of replicas) {
      expect(await replica.end(), replica.errors).toBe(0);
      expect(replica.errors).toBe('');
      expect(replica.last!.late).toBe(0);
    }
    const told = replicas.map(({ last, modes }) => JSON.stringify({ ...last, modes })).join('\n');
    expect(server.most, told).toBeLessThanOrEqual(CONCURRENT);
    // Or else nothing was tried.
    expect(server.most, told).toBeGreaterThan(CONCURRENT / 4);
  }

  it('never use more, also when one that holds permits is killed', async () => {
    await begin(600);
    await reach(() => server.serving === CONCURRENT, 60_000, 'full use');
    const victim = replicas.shift()!;
    victim.signal('SIGKILL');
    const killedMs = performance.now();
    await pause(500);
    await reach(() => server.serving === CONCURRENT, 60_000, 'full use after the kill');
    console.log(`full use again ${(performance.now() - killedMs).toFixed(0)} ms after kill -9`);
    await end();
  });

  it('keep it through a Redis that is killed and comes back empty', async () => {
    await begin();
    const [before, sinceMs] = [server.served, performance.now()];
    await pause(3_000);
    const perSecond = ((server.served - before) / (performance.now() - sinceMs)) * 1_000;
    console.log(`${perSecond.toFixed(0)} jobs/s of at most ${CONCURRENT * (1_000 / TAKES_MS)}`);
    redis.signal('SIGKILL');
    await pause(1_500);
    await redis.restart();
    const backMs = performance.now();
    const served = server.served;
    await reach(() => server.served > served + 50, CLOSED_MS + 60_000, 'service after the restart');
    console.log(`served again ${(performance.now() - backMs).toFixed(0)} ms after Redis was back`);
    await pause(3_000);
    await end();
  });

  it('use their shares while Redis stands still for long, and the limit again when it goes on', async () => {
    await begin();
    redis.signal('SIGSTOP');
    await pause(CLOSED_MS + 6_000);
    const modes = () => new Set(replicas.map(({ last }) => last!.mode));
    await reach(() => modes().size === 1 && modes().has('share'), 60_000, 'use of shares everywhere');
    // What was begun before has ended since.
    await pause(1_000);
    expect(server.serving).toBeLessThanOrEqual(18);
    await reach(() => server.serving > 6, 60_000, 'use of the shares of more than one');
    redis.signal('SIGCONT');
    await reach(() => modes().size === 1 && modes().has('fleet'), CLOSED_MS + 60_000, 'use of the limit everywhere');
    await pause(3_000);
    await end();
  });

  it('keep it through a failover to a replica that lacks the last writes', async () => {
    await using group = await redisGroup();
    await begin(TAKES_MS, group);
    // Whatever is given from now on, the replica does not hear of.
    group.replica.signal('SIGSTOP');
    await pause(300);
    group.master.signal('SIGKILL');
    group.replica.signal('SIGCONT');
    const served = server.served;
    await reach(() => server.served > served + 50, CLOSED_MS + 60_000, 'service after the failover');
    await pause(3_000);
    await end();
  });

  it('keep it through a Redis that is killed again and again', async () => {
    await begin();
    for (let i = 0; i < 3; i++) {
      redis.signal('SIGKILL');
      await pause(500 + i * 3_000);
      await redis.restart();
      await pause(i % 2 === 0 ? CLOSED_MS + 2_000 : 1_000);
    }
    await pause(CLOSED_MS);
    await end();
  });
});

async function reach(condition: () => boolean, withinMs: number, what: string): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`no ${what} within ${withinMs} ms`);
    await pause(5);
  }
}
