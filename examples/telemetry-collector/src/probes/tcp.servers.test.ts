import { systemClock } from '@breakwater/resilience';
import { nameLookup } from '@breakwater/resilience/http';
import { startServer } from '@breakwater/testbed';
import { expect, it } from 'vitest';
import { TcpProbe } from './tcp.js';

it("connects to Redis' port while it listens, and names it when it does not", async () => {
  await using redis = await startServer('redis');
  const probe = new TcpProbe({ host: 'localhost', port: redis.port }, { nameLookup: nameLookup(), clock: systemClock });
  const run = () =>
    probe.operations[0]!.run({
      signal: new AbortController().signal,
      deadline: systemClock.now() + 5_000,
      attempt: 1,
    });
  const startedMs = performance.now();
  const [reading] = await run();
  expect(reading!.fields['connect_ms']).toBeGreaterThan(0);
  expect(reading!.fields['connect_ms']).toBeLessThanOrEqual(performance.now() - startedMs);
  await redis.stop();
  await expect(run()).rejects.toMatchObject({ code: 'refused' });
});
