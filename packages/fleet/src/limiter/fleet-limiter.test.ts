import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  type Context,
  type MetricDefinition,
  pipeline,
  type RejectedError,
  TimeoutError,
  timeout,
} from '@breakwater/resilience';
import { settle, VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { FLEET_CHANNEL, type FleetEvent } from '../events.js';
import { type FleetLimiter, fleetLimiter } from './fleet-limiter.js';
import { Replicas, SETTLE_MS } from './replicas.suite.js';

/** One hold, its grace, and the time to notice. */
const CLOSED_MS = 4_000 + 250 + 5_000;
const hang = () => new Promise<never>(() => {});

function metric(limiter: FleetLimiter, name: string): number {
  let found: unknown;
  limiter.measure((definition: MetricDefinition, _, value) => {
    if (definition.name === name) found = value;
  });
  return found as number;
}

describe('a limit of one process', () => {
  const make = (options = {}) => {
    const clock = new VirtualClock();
    return { clock, limiter: fleetLimiter({ key: 'core', concurrent: 2, expirationMs: 4_000, clock, ...options }) };
  };

  it('says that it is one, and leaves no timer behind', async () => {
    const { clock, limiter } = make();
    await expect(limiter.execute(() => 'done')).resolves.toBe('done');
    expect([limiter.reach, limiter.mode, limiter.permits, limiter.inUse, clock.timers]).toEqual([
      'process',
      'process',
      2,
      0,
      0,
    ]);
    expect(await limiter.drain()).toBe(true);
  });

  it('refuses who waits for too long, who is too many, who gave up, and who comes after its end', async () => {
    const { clock, limiter } = make({ maxQueue: 3, queueTimeoutMs: 2_000 });
    const running = [limiter.execute(hang), limiter.execute(hang)].map((call) => call.catch((error: unknown) => error));
    await settle();
    const controller = new AbortController();
    const reasons = [{}, { deadline: 500 }, { signal: controller.signal }, {}].map((options) =>
      limiter.execute(() => 1, options).catch((error: RejectedError) => error.reason),
    );
    await settle();
    controller.abort();
    await clock.advance(2_000);
    expect(await Promise.all(reasons)).toEqual(['queue-timeout', 'deadline', 'aborted', 'queue-full']);
    limiter.shutdown();
    await expect(limiter.execute(() => 1)).rejects.toMatchObject({ reason: 'shutdown', policy: 'fleet-limiter' });
    await clock.advance(2_000);
    for (const error of await Promise.all(running)) expect(error).toBeInstanceOf(TimeoutError);
  });

  it('aborts an operation at its expiration, answers its caller, and counts it while it runs on', async () => {
    const { clock, limiter } = make();
    let signal!: AbortSignal;
    let end!: () => void;
    const call = limiter.execute((context: Context) => {
      signal = context.signal;
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    const answer = call.catch((error: unknown) => error);
    await clock.advance(3_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(await answer).toBeInstanceOf(TimeoutError);
    expect([metric(limiter, 'fleet_limiter_operations_running_on'), limiter.inUse]).toEqual([1, 1]);
    end();
    await settle();
    expect([metric(limiter, 'fleet_limiter_operations_running_on'), limiter.inUse]).toEqual([0, 0]);
  });

  it('obeys who resizes it at whatever moment of its beginning', async () => {
    for (let moment = 0; moment < 20; moment++) {
      const { clock, limiter } = make();
      for (let passed = 0; passed < moment; passed++) await Promise.resolve();
      limiter.resize({ concurrent: 1, expirationMs: 4_000 });
      await settle();
      const calls = [limiter.execute(hang), limiter.execute(hang)].map((call) => call.catch(() => {}));
      await settle();
      expect([moment, limiter.inUse, limiter.queued]).toEqual([moment, 1, 1]);
      limiter.shutdown();
      await clock.advance(4_000);
      await Promise.all(calls);
    }
  });

  it('composes: permits are held until an operation that ignores an inner timeout has ended', async () => {
    const { clock, limiter } = make({ concurrent: 1 });
    const careful = pipeline(limiter, timeout({ timeoutMs: 100, clock }));
    const late = () => new Promise<void>((resolve) => clock.after(300, resolve));
    const first = careful.execute(late).catch((error: unknown) => error);
    await clock.advance(100);
    expect(await first).toBeInstanceOf(TimeoutError);
    const second = careful.execute(() => clock.now());
    await clock.advance(200);
    expect(await second).toBe(300);
  });

  it('gives permits by hand, with a signal for their end', async () => {
    const { clock, limiter } = make();
    const permit = await limiter.acquire({ weight: 2 });
    expect([limiter.inUse, permit.endsAtMs]).toEqual([2, 4_000]);
    await clock.advance(4_000);
    expect(permit.signal.reason).toBeInstanceOf(TimeoutError);
    permit.success();
    permit.success();
    expect([limiter.inUse, metric(limiter, 'fleet_limiter_operations_running_on')]).toEqual([0, 0]);
  });

  it('lets higher priorities first, and refuses what can never fit', async () => {
    const { clock, limiter } = make({ concurrent: 1 });
    const order: string[] = [];
    const run = (name: string, priority: number) => {
      const operation = () => {
        order.push(name);
        return new Promise<void>((resolve) => clock.after(10, resolve));
      };
      return limiter.execute(operation, { priority });
    };
    const first = run('first', 0);
    await settle();
    const calls = [first, run('low', 0), run('high', 5)];
    await clock.advance(30);
    await Promise.all(calls);
    expect(order).toEqual(['first', 'high', 'low']);
    await expect(limiter.execute(() => 1, { weight: 2 })).rejects.toThrow(/weight is 2.*from 1 to 1/);
  });

  it.each([
    [{ key: 'a b' }, /key is "a b"/],
    [{ concurrent: 0 }, /concurrent is 0/],
    [{ expirationMs: 10 }, /expirationMs is 10/],
    [{ withoutRedis: 'all' as 'share' }, /withoutRedis is "all"/],
  ])('refuses %o', (options, message) => {
    expect(() => make(options)).toThrow(message);
  });
});

describe('a limit of several replicas', () => {
  const begin = async (count: number, options = {}) => {
    const fleet = new Replicas();
    for (let i = 0; i < count; i++) fleet.add(options);
    await fleet.clock.advance(CLOSED_MS + 2_000);
    return fleet;
  };

  it('opens when all that may run unknown to it has ended, and says so to whoever waited in vain', async () => {
    const fleet = new Replicas();
    const limiter = fleet.add();
    const early = limiter.execute(() => 1, { deadline: fleet.clock.now() + 1_000 }).catch((error: unknown) => error);
    await fleet.clock.advance(1_000);
    const { reason, cause } = (await early) as RejectedError;
    expect([reason, (cause as Error).message]).toEqual([
      'deadline',
      expect.stringMatching(/is closed for 10 s, since it is new to Redis: until all/),
    ]);
    await fleet.clock.advance(CLOSED_MS - 1_001);
    expect(limiter.mode).toBe('closed');
    await fleet.clock.advance(2);
    expect(limiter.mode).toBe('fleet');
  });

  it('opens after the time to notice where Redis has run for long, but not if somebody knew the limit before', async () => {
    const fleet = new Replicas({ startedMs: 0 });
    const [first] = [fleet.add(), fleet.add()];
    await fleet.clock.advance(SETTLE_MS - 1);
    expect(first.mode).toBe('closed');
    await fleet.clock.advance(2);
    expect(first.mode).toBe('fleet');
    fleet.redis.forgetAll();
    const newcomer = fleet.add();
    await fleet.clock.advance(SETTLE_MS + 2_000);
    expect(newcomer.mode).toBe('closed');
    await fleet.clock.advance(CLOSED_MS - SETTLE_MS);
    expect(fleet.limiters.map(({ mode }) => mode)).toEqual(['fleet', 'fleet', 'fleet']);
  });

  it('does not use the limit of the fleet before its own share has ended, when it alone was cut off', async () => {
    const fleet = await begin(2);
    const [alone, other] = fleet.limiters as [FleetLimiter, FleetLimiter];
    fleet.cutOff(alone, true);
    await fleet.clock.advance(CLOSED_MS + 2_000);
    expect([alone.mode, alone.permits, other.mode]).toEqual(['share', 3, 'fleet']);
    for (let i = 0; i < 3; i++) fleet.call(alone, 3_500);
    await fleet.clock.advance(1);
    fleet.cutOff(alone, false);
    await fleet.clock.advance(2_000);
    // The others have the whole limit: what it runs beside that is enough.
    for (let i = 0; i < 6; i++) fleet.call(alone, 100);
    await fleet.clock.advance(1_000);
    expect([alone.mode, alone.inUse, alone.queued, fleet.most]).toEqual(['closed', 3, 6, 3]);
    await fleet.clock.advance(600);
    expect([alone.mode, alone.queued]).toEqual(['fleet', 0]);
  });

  it('says what it stands on, and why, once for each', async () => {
    const events: FleetEvent[] = [];
    const hear = (event: unknown) => events.push(event as FleetEvent);
    subscribe(FLEET_CHANNEL, hear);
    const fleet = await begin(2, { name: 'limit-core' });
    fleet.redis.reachable = false;
    await fleet.clock.advance(2 * CLOSED_MS);
    fleet.redis.reachable = true;
    await fleet.clock.advance(2 * CLOSED_MS);
    await Promise.all(fleet.limiters.map((limiter) => limiter.drain()));
    unsubscribe(FLEET_CHANNEL, hear);
    const told = events.filter((event) => event.type === 'limiter.mode').slice(0, -1);
    expect(told.every(({ limiter }) => limiter === 'limit-core')).toBe(true);
    const one = told.filter((_, index) => index % 2 === 0).map(({ mode, permits, why }) => [mode, permits, why]);
    expect(one).toEqual([
      ['closed', 0, expect.stringMatching(/closed for 10 s, since it is new to Redis/)],
      ['fleet', 6, undefined],
      ['lost', 0, expect.stringMatching(/its share of 6 permits among 2 replicas is 3.*\(in 10 s\)/)],
      ['share', 3, expect.stringMatching(/Redis is lost/)],
      ['closed', 0, expect.stringMatching(/closed for 10 s, since nobody was served for long/)],
      ['fleet', 6, undefined],
      ['ended', 0, undefined],
    ]);
  });

  it('uses shares when Redis was lost for long enough, and not before', async () => {
    const fleet = await begin(3);
    fleet.redis.reachable = false;
    await fleet.clock.advance(1_000);
    expect(fleet.limiters.map(({ mode }) => mode)).toEqual(['lost', 'lost', 'lost']);
    await fleet.clock.advance(CLOSED_MS + 1_000);
    expect(fleet.limiters.map(({ mode, permits }) => [mode, permits])).toEqual([
      ['share', 2],
      ['share', 2],
      ['share', 2],
    ]);
  });

  it('lets nobody who wants more than its share hold up the others', async () => {
    const fleet = await begin(3);
    fleet.redis.reachable = false;
    await fleet.clock.advance(CLOSED_MS + 2_000);
    const limiter = fleet.limiters[0]!;
    expect([limiter.mode, limiter.permits]).toEqual(['share', 2]);
    fleet.call(limiter, 10, { weight: 3, withinMs: 3_000 });
    for (let i = 0; i < 3; i++) fleet.call(limiter, 10, { withinMs: 2_000 });
    await fleet.clock.advance(3_000);
    expect(fleet.answers.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done', 'deadline']);
  });

  it('uses shares when Redis does not let it in any more', async () => {
    const fleet = await begin(3);
    fleet.redis.refusal = 'NOAUTH Authentication required.';
    await fleet.clock.advance(1_000);
    expect(fleet.limiters.map(({ mode }) => mode)).toEqual(['lost', 'lost', 'lost']);
    await fleet.clock.advance(CLOSED_MS + 1_000);
    expect(fleet.limiters.map(({ mode, permits }) => [mode, permits])).toEqual(Array(3).fill(['share', 2]));
  });

  it('uses none where Redis answers and what it says is no use', async () => {
    const fleet = await begin(3);
    fleet.redis.refusal = 'ERR user_script:1: attempt to compare nil with number';
    await fleet.clock.advance(60_000);
    expect(fleet.limiters.map(({ mode }) => mode)).toEqual(['closed', 'closed', 'closed']);
  });

  it.each([
    ['with a share of 0', { concurrent: 2 }, /among 3 replicas is 0/],
    ['that is to use none', { withoutRedis: 'nothing' as const }, /it is to use no share/],
  ])('refuses in words %s', async (_, options, words) => {
    const fleet = await begin(3, options);
    fleet.redis.reachable = false;
    await fleet.clock.advance(60_000);
    const late = fleet.limiters[0]!.execute(() => 1, { deadline: fleet.clock.now() + 500 }).catch(
      (error: unknown) => error,
    );
    await fleet.clock.advance(500);
    const { cause } = (await late) as RejectedError;
    expect((cause as Error).message).toMatch(words);
  });

  it('has no share in a replica that never knew the others', async () => {
    const fleet = new Replicas();
    fleet.redis.reachable = false;
    const limiter = fleet.add();
    await fleet.clock.advance(60_000);
    expect([limiter.mode, limiter.permits]).toEqual(['lost', 0]);
  });

  it('takes the smallest that is asked for, and says that they differ', async () => {
    const fleet = await begin(2);
    fleet.limiters[1]!.resize({ concurrent: 3, expirationMs: 4_000 });
    await fleet.clock.advance(1_500);
    expect(fleet.limiters.map(({ permits }) => permits)).toEqual([3, 3]);
    expect(metric(fleet.limiters[0]!, 'fleet_limiter_terms_differ')).toBe(1);
    await fleet.limiters[1]!.drain();
    await fleet.clock.advance(1_500);
    expect([fleet.limiters[0]!.permits, metric(fleet.limiters[0]!, 'fleet_limiter_terms_differ')]).toEqual([6, 0]);
  });

  it('gives permits straight back that come when their caller has gone', async () => {
    const fleet = await begin(2);
    const [holder, waiting] = fleet.limiters as [FleetLimiter, FleetLimiter];
    fleet.call(holder, 2_000, { weight: 6 });
    await fleet.clock.advance(10);
    fleet.call(waiting, 10, { withinMs: 500 });
    await fleet.clock.advance(3_000);
    expect(fleet.answers.map(({ outcome }) => outcome)).toEqual(['deadline', 'done']);
    expect(metric(waiting, 'fleet_limiter_unused_total')).toBe(1);
    fleet.call(holder, 10, { weight: 6 });
    await fleet.clock.advance(100);
    expect(fleet.answers.at(-1)).toMatchObject({ outcome: 'done' });
  });
});
