import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { ConfigError, circuitBreaker } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { FLEET_CHANNEL } from '../events.js';
import { LONGEST_KEY } from './hint-store.js';
import { memoryHintStore } from './memory-hint-store.js';
import { sharedBreaker } from './shared-breaker.js';
import { fleetOf, KEY } from './shared-breaker.suite.js';

describe('sharedBreaker', () => {
  it('stops the whole fleet within the failures of a quorum', async () => {
    const { upstream, run, states, all } = fleetOf();
    await run(3_000);
    expect(states()).toEqual(all('closed'));
    upstream.up = false;
    upstream.arrived = 0;
    await run(2_000);
    expect(states()).toEqual(all('open'));
    // 3 replicas × 5 failures, and what the 5 of them had under way in one sync: 200 ms at a call every 50 ms.
    expect(upstream.arrived).toBeLessThanOrEqual(15 + 5 * 4);
  });

  it('asks the store about as often however many calls there are', async () => {
    const calls = async (everyMs: number) => {
      const { upstream, run, replicas } = fleetOf();
      await run(1_000, everyMs);
      upstream.up = false;
      await run(20_000, everyMs);
      upstream.up = true;
      await run(20_000, everyMs);
      return replicas.reduce((sum, { line }) => sum + line.calls, 0);
    };
    const few = await calls(100);
    const many = await calls(5);
    expect(many).toBeLessThan(few * 1.2);
    // 41 s at a heartbeat of 2 s (1.5 s at the least) and 5 replicas, and some more for what happened.
    expect(few).toBeLessThan(250);
  });

  it('stays closed for the others when one replica is cut off', async () => {
    const { upstream, run, states, replicas } = fleetOf();
    upstream.cutOff.add('replica-1');
    await run(60_000);
    expect(states().slice(1)).toEqual(['closed', 'closed', 'closed', 'closed']);
    expect(states()[0]).not.toBe('closed');
    expect(replicas[1]!.shared.openKeys).toBe(0);
  });

  it('probes with one call at a time in the fleet, and with one in each open period', async () => {
    const { upstream, run, clock } = fleetOf();
    upstream.up = false;
    await run(2_000);
    upstream.arrived = 0;
    upstream.mostAtOnce = 0;
    const before = clock.now();
    await run(58_000);
    expect(upstream.mostAtOnce).toBe(1);
    expect(upstream.arrived).toBeGreaterThanOrEqual(4);
    expect(upstream.arrived).toBeLessThanOrEqual(Math.ceil((clock.now() - before) / 10_000));
  });

  it('closes for all when the probes of one went well', async () => {
    const { upstream, run, states, all } = fleetOf();
    upstream.up = false;
    await run(2_000);
    upstream.up = true;
    upstream.arrived = 0;
    upstream.mostAtOnce = 0;
    let sawClosed = 0;
    while (!states().includes('closed')) {
      await run(100);
      if (++sawClosed > 200) throw new Error('it never closed');
    }
    // Two successes were asked for; what came more came after the closing.
    await run(700);
    expect(states()).toEqual(all('closed'));
    expect(sawClosed * 100).toBeLessThan(10_000);
  });

  it('is not held up by a bad replica', async () => {
    const { upstream, run, states, replicas } = fleetOf();
    upstream.up = false;
    await run(2_000);
    // The others reach it again; this one does not, and has the most calls.
    upstream.up = true;
    upstream.cutOff.add('replica-1');
    let waitedMs = 0;
    while (states().slice(1).includes('open')) {
      void replicas[0]!.call();
      await run(50, 50, replicas.slice(1));
      waitedMs += 50;
    }
    // One open time, and at most one more that the bad one's probe cost.
    expect(waitedMs).toBeLessThan(25_000);
    await run(30_000);
    expect(states().slice(1)).toEqual(['closed', 'closed', 'closed', 'closed']);
  });

  it('backs off as a circuit alone does when probes fail again and again', async () => {
    const { upstream, run, replicas } = fleetOf({
      breaker: { recoveryTimeoutMs: 1_000, recoveryMultiplier: 2, maxRecoveryTimeoutMs: 16_000 },
    });
    upstream.up = false;
    await run(1_000);
    upstream.arrived = 0;
    await run(31_000);
    // 1 + 2 + 4 + 8 + 16 s
    expect(upstream.arrived).toBeGreaterThanOrEqual(3);
    expect(upstream.arrived).toBeLessThanOrEqual(5);
    expect(replicas.some(({ breaker }) => breaker.state(KEY) === 'closed')).toBe(false);
  });

  it('gives the probe to another when its holder died', async () => {
    const { upstream, run, states, replicas } = fleetOf();
    upstream.up = false;
    await run(2_000);
    const leases = () => replicas.map(({ shared }) => probesOf(shared, 'granted'));
    let granted = leases();
    for (let turn = 0; granted.every((count) => count === 0) && turn < 300; turn++) {
      await run(50, 50, []);
      for (const { call } of replicas)
        if (leases().every((count) => count === 0)) await Promise.race([call(), settled()]);
      granted = leases();
    }
    const holder = granted.findIndex((count) => count > 0);
    expect(holder).not.toBe(-1);
    replicas[holder]!.line.lost = true;
    const others = replicas.filter((_, index) => index !== holder);
    upstream.up = true;
    await run(9_000, 50, others);
    expect(states().filter((state) => state === 'closed').length).toBeGreaterThanOrEqual(4);
  });

  it('decides alone while the store is lost, and goes on when it is back', async () => {
    const { upstream, run, states, all, replicas } = fleetOf();
    upstream.up = false;
    await run(2_000);
    for (const { line } of replicas) line.lost = true;
    await run(4_000);
    expect(replicas.every(({ shared }) => shared.alone)).toBe(true);
    expect(states()).toEqual(all('open'));
    // Each finds out for itself, when its own time is up.
    upstream.up = true;
    await run(8_000);
    expect(states()).toEqual(all('closed'));
    for (const { line } of replicas) line.lost = false;
    await run(4_000);
    expect(replicas.some(({ shared }) => shared.alone)).toBe(false);
    expect(states()).toEqual(all('closed'));
    upstream.up = false;
    upstream.arrived = 0;
    await run(2_000);
    expect(states()).toEqual(all('open'));
    expect(upstream.arrived).toBeLessThanOrEqual(35);
  });

  it('opens its gates when the store has lost its memory, and strikes that still stand are said anew', async () => {
    const { upstream, run, states, forgetAll, all } = fleetOf();
    upstream.up = false;
    await run(2_000);
    forgetAll();
    await run(3_000);
    expect(states()).toEqual(all('open'));
    upstream.up = true;
    await run(14_000);
    expect(states()).toEqual(all('closed'));
  });

  it('tells a replica that comes later what is open', async () => {
    const { upstream, run, start, clock } = fleetOf();
    upstream.up = false;
    await run(2_000);
    const late = start('replica-6', 6);
    await clock.advance(500);
    expect(late.breaker.state(KEY)).toBe('open');
    const [entry] = [...late.breaker.entries()];
    expect(entry!.retryAfterMs).toBeLessThanOrEqual(9_500);
  });

  it('takes its strikes back when it leaves, and leaves the breaker to itself', async () => {
    const { upstream, replicas, run } = fleetOf({ replicas: 3 });
    upstream.cutOff.add('replica-1');
    await run(2_000, 50, replicas.slice(0, 1));
    await replicas[0]!.shared.stop();
    await replicas[0]!.shared.stop();
    upstream.cutOff.add('replica-2');
    await run(2_000, 50, replicas.slice(1));
    expect(replicas[2]!.breaker.state(KEY)).toBe('closed');
    const callsBefore = replicas[0]!.line.calls;
    await run(5_000, 50, replicas.slice(0, 1));
    expect(replicas[0]!.line.calls).toBe(callsBefore);
  });

  it('does not count the strike of a replica that is silent', async () => {
    const { upstream, replicas, run } = fleetOf({ replicas: 3, breaker: { recoveryTimeoutMs: 120_000 } });
    upstream.cutOff.add('replica-1');
    await run(2_000, 50, replicas.slice(0, 1));
    replicas[0]!.line.lost = true;
    await run(9_000, 50, replicas.slice(1));
    upstream.cutOff.add('replica-2');
    await run(2_000, 50, replicas.slice(1));
    expect(replicas[2]!.breaker.state(KEY)).toBe('closed');
  });

  it('takes a strike back when calls succeed again', async () => {
    const { upstream, replicas, run, clock } = fleetOf({ replicas: 3 });
    const fail = async (replica: (typeof replicas)[number], times: number) => {
      upstream.up = false;
      for (let call = 0; call < times; call++) await Promise.all([replica.call(), clock.advance(25)]);
      upstream.up = true;
    };
    await run(500);
    await fail(replicas[0]!, 3);
    await clock.advance(300);
    await Promise.all([replicas[0]!.call(), clock.advance(25)]);
    await clock.advance(300);
    await fail(replicas[1]!, 3);
    await clock.advance(500);
    expect(replicas[2]!.breaker.state(KEY)).toBe('closed');
    await fail(replicas[0]!, 3);
    await clock.advance(500);
    expect(replicas[2]!.breaker.state(KEY)).toBe('open');
  });

  it('does not share keys that are too long', async () => {
    const { upstream, replicas, clock } = fleetOf({ replicas: 2 });
    const key = 'x'.repeat(LONGEST_KEY + 1);
    upstream.cutOff.add('replica-1').add('replica-2');
    for (let call = 0; call < 6; call++) for (const replica of replicas) await replica.call(key);
    await clock.advance(1_000);
    expect(replicas.map(({ shared }) => shared.openKeys)).toEqual([0, 0]);
    expect(replicas[0]!.breaker.state(key)).toBe('open');
  });

  it('obeys an operator first', async () => {
    const { upstream, run, replicas } = fleetOf();
    upstream.up = false;
    const hold = replicas[0]!.breaker.isolate(KEY);
    await run(2_000);
    expect(replicas[0]!.breaker.state(KEY)).toBe('isolated');
    expect(replicas[4]!.breaker.state(KEY)).toBe('open');
    hold[Symbol.dispose]();
    expect(replicas[0]!.breaker.state(KEY)).toBe('closed');
  });

  it('tells of what it was told, not of what it said itself', async () => {
    const { upstream, replicas, clock } = fleetOf({ replicas: 2, shared: { quorum: 1, suspectAfter: 9 } });
    const events: string[] = [];
    const hear = (event: unknown) => {
      const { type, to } = event as { type: string; to?: string };
      if (type === 'breaker.hinted') events.push(to!);
    };
    await clock.advance(500);
    upstream.up = false;
    subscribe(FLEET_CHANNEL, hear);
    for (let call = 0; call < 5; call++) await Promise.all([replicas[0]!.call(), clock.advance(25)]);
    await clock.advance(1_000);
    unsubscribe(FLEET_CHANNEL, hear);
    expect(replicas.map(({ breaker }) => breaker.state(KEY))).toEqual(['open', 'open']);
    expect(events).toEqual(['open']);
  });

  it('shares a breaker with one circuit as well', async () => {
    const clock = new VirtualClock();
    const store = memoryHintStore({ clock });
    const ids = ['a', 'b', 'c'];
    const breakers = ids.map((id) => {
      const breaker = circuitBreaker({ name: 'api', failureThreshold: 4, recoveryTimeoutMs: 1_000, clock });
      sharedBreaker({ breaker, store, members: { id, ids }, clock, random: () => 0.5 });
      return breaker;
    });
    await clock.advance(500);
    for (const breaker of breakers.slice(0, 2)) for (let call = 0; call < 2; call++) breaker.acquire().failure();
    await clock.advance(500);
    expect(breakers.map(({ state }) => state)).toEqual(['open', 'open', 'open']);
    for (let turn = 0; turn < 40; turn++) {
      await clock.advance(100);
      for (const breaker of breakers) {
        try {
          breaker.acquire().success();
        } catch {}
      }
    }
    expect(breakers.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
  });

  it.each([
    [{ quorum: 0 }, 'backends: quorum is 0; it must be at least 1'],
    [{ syncMs: Number.NaN }, 'backends: syncMs is NaN; it must be at least 1'],
    [{ suspectAfter: 0 }, 'backends: suspectAfter is 0; it must be at least 1'],
  ])('refuses %j', (shared, message) => {
    expect(() => fleetOf({ shared })).toThrow(new ConfigError(message));
  });
});

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function probesOf(shared: { measure: (record: never) => void }, outcome: string): number {
  let value = 0;
  const record = (definition: { name: string }, labels: Record<string, string>, count: number) => {
    if (definition.name === 'fleet_breaker_probe_leases_total' && labels['outcome'] === outcome) value = count;
  };
  shared.measure(record as never);
  return value;
}
