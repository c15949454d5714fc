import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import Opossum from 'opossum';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { samples } from '../breaker/circuit-breaker.suite.js';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import { collect } from '../metrics/collect.js';
import { opossumAction } from './action.js';
import { fromOpossum } from './from-opossum.js';
import { advance, guestOf, useVirtualTime } from './from-opossum.suite.js';

beforeEach(useVirtualTime);
afterEach(() => void vi.useRealTimers());

describe('what it reports', () => {
  const heard: ResilienceEvent[] = [];
  const listen = (event: unknown) => heard.push(event as ResilienceEvent);
  afterEach(() => {
    unsubscribe(RESILIENCE_CHANNEL, listen);
    heard.length = 0;
  });

  it('says each change of state and each refusal as our breakers do, its cause the guest', async () => {
    const { breaker, policy, fail } = guestOf();
    subscribe(RESILIENCE_CHANNEL, listen);
    await fail();
    await fail();
    await advance(1_000);
    await policy.execute(() => 1);
    breaker.disable();
    await policy.execute(() => 1);
    const state = { type: 'circuit_breaker.state', policy: 'web', cause: 'guest' };
    expect(heard).toStrictEqual([
      { ...state, from: 'closed', to: 'open', retryAfterMs: 1_000 },
      { type: 'rejected', policy: 'web', reason: 'open' },
      { ...state, from: 'open', to: 'half-open' },
      { ...state, from: 'half-open', to: 'closed' },
      { ...state, from: 'closed', to: 'disabled' },
    ]);
  });

  it('counts what our breakers count, under the same names', async () => {
    const { policy, fail } = guestOf();
    await policy.execute(() => 1);
    await fail();
    await fail();
    await fail();
    await advance(1_000);
    expect(samples([policy])).toEqual({
      'web circuit_breaker_calls_total success': 1,
      'web circuit_breaker_calls_total failure': 2,
      'web circuit_breaker_calls_total ignore': 0,
      'web circuit_breaker_calls_total late': 0,
      'web circuit_breaker_slow_calls_total': 0,
      'web circuit_breaker_rejections_total open': 1,
      'web circuit_breaker_rejections_total probing': 0,
      'web circuit_breaker_rejections_total shed': 0,
      'web circuit_breaker_rejections_total isolated': 0,
      'web circuit_breaker_rejections_total queue-full': 0,
      'web circuit_breaker_rejections_total shutdown': 0,
      'web circuit_breaker_transitions_total closed': 0,
      'web circuit_breaker_transitions_total open': 1,
      'web circuit_breaker_transitions_total half-open': 1,
      'web circuit_breaker_transitions_total isolated': 0,
      'web circuit_breaker_transitions_total disabled': 0,
      'web circuit_breaker_shadow': 0,
      'web circuit_breaker_state closed': 0,
      'web circuit_breaker_state open': 0,
      'web circuit_breaker_state half-open': 1,
      'web circuit_breaker_state isolated': 0,
      'web circuit_breaker_state disabled': 0,
    });
  });

  it('keeps to the labels that the definitions promise', async () => {
    const { policy, fail } = guestOf({ timeout: 100 });
    await fail();
    for (const [definition, values] of collect([policy])) {
      for (const { labels } of values) {
        expect(Object.keys(labels)).toEqual(Object.keys(definition.labels));
        for (const [label, value] of Object.entries(labels)) {
          const allowed = definition.labels[label]!;
          if (typeof allowed !== 'string') expect(allowed).toContain(value);
        }
      }
    }
  });

  it('goes by the name that it is given, else by the breaker’s, else by opossum', () => {
    expect(guestOf({}, { name: 'mine' }).policy.name).toBe('mine');
    expect(guestOf().policy.name).toBe('web');
    expect(fromOpossum(new Opossum(opossumAction)).name).toBe('opossum');
  });
});
