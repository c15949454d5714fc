import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { keyedCircuitBreaker } from '@breakwater/resilience';
import { type RunningServer, startServer } from '@breakwater/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisLink } from '../redis/link.js';
import { redisHintStore } from './redis-hint-store.js';
import { sharedBreaker } from './shared-breaker.js';

let redis: RunningServer & { url: string };
beforeAll(async () => {
  redis = await startServer('redis');
});
afterAll(() => redis.stop());

const within = { timeout: 60_000, interval: 20 };

describe('calls through a shared breaker', () => {
  /** Every command that Redis runs, as it tells it. */
  async function monitor(): Promise<{ socket: Socket; commands: string[] }> {
    const socket = connect(redis.port, '127.0.0.1');
    const commands: string[] = [];
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop()!;
      // What scripts do is told too, as of `lua`.
      commands.push(...lines.filter((line) => line.startsWith('+') && line !== '+OK' && !line.includes(' lua]')));
    });
    socket.write('MONITOR\r\n');
    await once(socket, 'data');
    return { socket, commands };
  }

  it('send no command of their own: 10,000 of them need what none would', async () => {
    const link = redisLink({ url: redis.url });
    const breaker = keyedCircuitBreaker({ name: 'calls', failureThreshold: 5, recoveryTimeoutMs: 300 });
    const members = { id: 'me', ids: ['me', 'you', 'they'] };
    const store = redisHintStore({ link, name: 'calls' });
    const [heartbeatMs, syncMs] = [2_000, 200];
    await using shared = sharedBreaker({ breaker, store, members, heartbeatMs, syncMs, random: () => 0.5 });
    await expect.poll(() => shared.alone, within).toBe(false);
    const { socket, commands } = await monitor();
    const count = async (call: (() => unknown) | undefined) => {
      commands.length = 0;
      const since = performance.now();
      const until = since + 4_000;
      for (let made = 0; made < 10_000; made++) {
        await call?.();
        if (made % 250 === 0) await pause(Math.max(1, (until - performance.now()) / ((10_000 - made) / 250)));
      }
      await pause(Math.max(0, until - performance.now()));
      return { commands: commands.length, ms: performance.now() - since };
    };
    const idle = await count(undefined);
    const healthy = await count(() => breaker.execute(() => 'fine', { key: 'good' }));
    const failing = await count(() =>
      breaker.execute(() => Promise.reject(new Error('down')), { key: 'bad' }).catch(() => {}),
    );
    process.stdout.write(
      `commands in 4 s: ${idle.commands} idle, ${healthy.commands} with 10,000 calls, ${failing.commands} with 10,000 failing\n`,
    );
    // Heartbeats alone, and as long as it took: the machine may have had other work.
    for (const { commands, ms } of [idle, healthy]) expect(commands).toBeLessThanOrEqual(ms / heartbeatMs + 1);
    // One sync in 200 ms at most, whatever happens.
    expect(failing.commands).toBeLessThanOrEqual(failing.ms / syncMs + 3);
    socket.destroy();
    await shared.stop();
    await link.close();
  });
});
