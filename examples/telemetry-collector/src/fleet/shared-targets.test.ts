import { memoryHintStore } from '@breakwater/fleet';
import { keyedCircuitBreaker } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { expect, it } from 'vitest';
import { shareTargets } from './shared-targets.js';

const TARGET = 'rack-1';

function collectors() {
  const clock = new VirtualClock();
  const store = memoryHintStore({ clock });
  const ids = ['a', 'b', 'c'];
  const all = ids.map((id) => {
    const breaker = keyedCircuitBreaker({ name: 'targets', recoveryTimeoutMs: 10_000, successThreshold: 1, clock });
    const shared = shareTargets({ breaker, store, members: { id, ids }, clock });
    const poll = (up: boolean) =>
      breaker
        .execute(() => (up ? 'fine' : Promise.reject(new Error('no answer'))), { key: TARGET })
        .catch((error: { reason?: string }) => error.reason ?? 'failed');
    return { breaker, shared, poll };
  });
  return { clock, a: all[0]!, b: all[1]!, c: all[2]! };
}

it('tells whoever forgot it anew, without calling it a recovery: one that lets a target go and gets it back', async () => {
  const { clock, a, b } = collectors();
  await clock.advance(1_000);
  for (let turn = 0; turn < 5; turn++) await a.poll(false);
  await clock.advance(1_000);
  a.breaker.reset(TARGET);
  await clock.advance(3_000);
  expect([a.breaker.state(TARGET), b.breaker.state(TARGET)]).toEqual(['closed', 'open']);

  expect([a.shared.remind(TARGET), a.shared.remind('another')]).toEqual([true, false]);
  expect(await a.poll(true)).toBe('open');
  await clock.advance(6_000);
  expect(await a.poll(true)).toBe('fine');
  await clock.advance(1_000);
  expect([a.breaker.state(TARGET), b.breaker.state(TARGET)]).toEqual(['closed', 'closed']);
  expect(a.shared.remind(TARGET)).toBe(false);
});

it('tells whoever takes a target over that its circuit is open, and when to probe', async () => {
  const { clock, a, b, c } = collectors();
  await clock.advance(1_000);
  for (let turn = 0; turn < 4; turn++) await a.poll(false);
  await clock.advance(1_000);
  expect(b.breaker.state(TARGET)).toBe('closed');
  await a.poll(false);
  await clock.advance(1_000);
  expect([b.breaker.state(TARGET), c.breaker.state(TARGET)]).toEqual(['open', 'open']);
  await a.shared.stop();

  expect(await b.poll(true)).toBe('open');
  await clock.advance(10_000);
  expect(await b.poll(true)).toBe('fine');
  expect(b.breaker.state(TARGET)).toBe('closed');
  await clock.advance(1_000);
  expect(c.breaker.state(TARGET)).toBe('closed');
  await Promise.all([b.shared.stop(), c.shared.stop()]);
  expect(clock.timers).toBe(0);
});
