import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { RESILIENCE_CHANNEL, type ResilienceEvent } from '../core/events.js';
import { collect } from '../metrics/collect.js';
import { breakerOf, deferred, samples, succeed } from './circuit-breaker.suite.js';

describe('the events of a circuit breaker', () => {
  const heard: ResilienceEvent[] = [];
  const listen = (event: unknown) => heard.push(event as ResilienceEvent);
  afterEach(() => {
    unsubscribe(RESILIENCE_CHANNEL, listen);
    heard.length = 0;
  });

  it('says each change of state and each refusal', async () => {
    const { breaker, clock, trip, rejection } = breakerOf();
    subscribe(RESILIENCE_CHANNEL, listen);
    await trip();
    await clock.advance(400);
    await rejection();
    await clock.advance(600);
    await breaker.execute(succeed);
    await breaker.execute(succeed);
    expect(heard).toStrictEqual([
      {
        type: 'circuit_breaker.state',
        policy: 'web',
        from: 'closed',
        to: 'open',
        cause: 'failures',
        retryAfterMs: 1_000,
      },
      { type: 'rejected', policy: 'web', reason: 'open' },
      { type: 'circuit_breaker.state', policy: 'web', from: 'open', to: 'half-open', cause: 'recovery-timeout' },
      { type: 'circuit_breaker.state', policy: 'web', from: 'half-open', to: 'closed', cause: 'recovered' },
    ]);
  });

  it('marks what a shadow would have done, and calls nothing rejected that ran', async () => {
    const { trip, rejection } = breakerOf({ shadow: true });
    subscribe(RESILIENCE_CHANNEL, listen);
    await trip();
    await rejection();
    expect(heard).toStrictEqual([
      {
        type: 'circuit_breaker.state',
        policy: 'web',
        from: 'closed',
        to: 'open',
        cause: 'failures',
        retryAfterMs: 1_000,
        shadow: true,
      },
    ]);
  });

  it('says nothing of a reset that changes nothing', () => {
    const { breaker } = breakerOf();
    subscribe(RESILIENCE_CHANNEL, listen);
    breaker.reset();
    expect(heard).toEqual([]);
  });
});

describe('the metrics of a circuit breaker', () => {
  it('counts calls, refusals and changes of state', async () => {
    const { breaker, clock, trip, toHalfOpen, rejection } = breakerOf({ maxProbes: 1 });
    const late = deferred();
    const slowpoke = breaker.execute(late.operation);
    await toHalfOpen();
    breaker.acquire().ignore();
    const permit = breaker.acquire();
    await rejection();
    permit.failure();
    await rejection();
    await rejection();
    late.resolve('at last');
    await slowpoke;
    await clock.advance(1_000);
    await breaker.execute(succeed);
    await breaker.execute(succeed);
    const hold = breaker.isolate();
    await rejection();
    hold[Symbol.dispose]();
    await trip();
    expect(samples([breaker])).toEqual({
      'web circuit_breaker_calls_total success': 2,
      'web circuit_breaker_calls_total failure': 5,
      'web circuit_breaker_calls_total ignore': 1,
      'web circuit_breaker_calls_total late': 1,
      'web circuit_breaker_slow_calls_total': 0,
      'web circuit_breaker_rejections_total open': 2,
      'web circuit_breaker_rejections_total probing': 1,
      'web circuit_breaker_rejections_total shed': 0,
      'web circuit_breaker_rejections_total isolated': 1,
      'web circuit_breaker_transitions_total closed': 2,
      'web circuit_breaker_transitions_total open': 3,
      'web circuit_breaker_transitions_total half-open': 2,
      'web circuit_breaker_transitions_total isolated': 1,
      'web circuit_breaker_transitions_total disabled': 0,
      'web circuit_breaker_shadow': 0,
      'web circuit_breaker_state closed': 0,
      'web circuit_breaker_state open': 1,
      'web circuit_breaker_state half-open': 0,
      'web circuit_breaker_state isolated': 0,
      'web circuit_breaker_state disabled': 0,
    });
  });

  it('counts what a shadow would have refused under a name of its own', async () => {
    const { breaker, trip, rejection } = breakerOf({ shadow: true });
    await trip();
    await rejection();
    breaker.isolate();
    await rejection();
    const values = samples([breaker]);
    expect(values).toMatchObject({
      'web circuit_breaker_shadow': 1,
      'web circuit_breaker_shadow_rejections_total open': 1,
      'web circuit_breaker_rejections_total isolated': 1,
    });
    expect(values).not.toHaveProperty(['web circuit_breaker_rejections_total open']);
  });

  it('exports what it defines, with the labels and values that it promises', async () => {
    const { breaker, trip } = breakerOf();
    await trip();
    for (const [definition, values] of collect([breaker])) {
      for (const { labels } of values) {
        expect(Object.keys(labels)).toEqual(Object.keys(definition.labels));
        for (const [label, value] of Object.entries(labels)) {
          const allowed = definition.labels[label]!;
          if (typeof allowed !== 'string') expect(allowed).toContain(value);
        }
      }
    }
  });
});
