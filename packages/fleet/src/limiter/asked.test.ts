import type { RejectedError } from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import { expect, it } from 'vitest';
import { type FleetLimiter, fleetLimiter } from './fleet-limiter.js';
import { Replicas } from './replicas.suite.js';

const hang = () => new Promise<never>(() => {});
const reasonOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: RejectedError) => error.reason ?? error.name,
  );

/** One of two permits is taken for long. */
async function busy(): Promise<{ clock: VirtualClock; limiter: FleetLimiter }> {
  const clock = new VirtualClock();
  const limiter = fleetLimiter({ key: 'core', concurrent: 2, expirationMs: 60_000, clock });
  limiter.execute(hang).catch(() => {});
  await settle();
  return { clock, limiter };
}

it('holds nobody up for permits that a caller wanted who has gone', async () => {
  const { clock, limiter } = await busy();
  const heavy = reasonOf(limiter.execute(() => 1, { weight: 2, deadline: 100 }));
  const light = reasonOf(limiter.execute(() => 1, { deadline: 1_000 }));
  await clock.advance(1_000);
  expect([await heavy, await light]).toEqual(['deadline', 'done']);
});

it('holds nobody up for more permits than there are, since the limit was lowered', async () => {
  const { clock, limiter } = await busy();
  limiter.resize({ concurrent: 3, expirationMs: 60_000 });
  await settle();
  const heavy = reasonOf(limiter.execute(() => 1, { weight: 3, deadline: 2_000 }));
  await settle();
  limiter.resize({ concurrent: 2, expirationMs: 60_000 });
  const light = reasonOf(limiter.execute(() => 1, { deadline: 1_000 }));
  await clock.advance(2_000);
  expect([await heavy, await light]).toEqual(['ConfigError', 'done']);
});

it('holds nobody up in a fleet, whether the caller has gone or another replica lowers the limit', async () => {
  const fleet = new Replicas();
  const [busy, waiting] = [fleet.add(), fleet.add()];
  await fleet.clock.advance(12_000);
  fleet.call(busy, 3_900);
  await fleet.clock.advance(10);
  fleet.call(waiting, 10, { weight: 6, withinMs: 500 });
  await fleet.clock.advance(600);
  fleet.call(waiting, 10, { withinMs: 1_000 });
  await fleet.clock.advance(1_000);
  expect(fleet.answers.map(({ outcome }) => outcome)).toEqual(['deadline', 'done']);
  fleet.call(waiting, 10, { weight: 6, withinMs: 20_000 });
  await fleet.clock.advance(10);
  fleet.add({ concurrent: 3 });
  await fleet.clock.advance(5_000);
  expect(fleet.failures).toHaveLength(1);
  fleet.call(waiting, 10, { withinMs: 3_000 });
  await fleet.clock.advance(3_000);
  expect(fleet.answers.map(({ outcome }) => outcome)).toEqual(['deadline', 'done', 'done', 'done']);
});
