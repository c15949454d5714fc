import { keyedCircuitBreaker } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CircuitWatch } from './circuit-watch.js';

describe("what is remembered of the targets' circuits", () => {
  let clock: VirtualClock;
  let watch: CircuitWatch;
  let moves: string[];

  const breakerOf = (name: string) =>
    keyedCircuitBreaker({ name, failureThreshold: 1, recoveryTimeoutMs: 1_000, successThreshold: 1, clock });
  const call = (breaker: ReturnType<typeof breakerOf>, key: string, well: boolean) =>
    breaker
      .execute(
        async () => {
          if (!well) throw new Error('down');
        },
        { key },
      )
      .catch(() => {});

  beforeEach(() => {
    clock = new VirtualClock();
    moves = [];
    watch = new CircuitWatch('targets', ({ key, from, to }) => moves.push(`${key}: ${from} > ${to}`));
  });
  afterEach(() => watch.close());

  it('is how often each opened and closed again; a failed probe does not count as opening', async () => {
    const breaker = breakerOf('targets');
    await call(breaker, 'web', false);
    await clock.advance(1_000);
    await call(breaker, 'web', false);
    expect(watch.historyOf('web')).toEqual({ opened: 1, closed: 0 });
    await clock.advance(1_000);
    await call(breaker, 'web', true);
    expect(watch.historyOf('web')).toEqual({ opened: 1, closed: 1 });
    expect(moves).toEqual([
      'web: closed > open',
      'web: open > half-open',
      'web: half-open > open',
      'web: open > half-open',
      'web: half-open > closed',
    ]);
  });

  it('leaves out other breakers, targets that never failed and those that are forgotten', async () => {
    await call(breakerOf('others'), 'web', false);
    expect(watch.historyOf('web')).toEqual({ opened: 0, closed: 0 });
    const breaker = breakerOf('targets');
    await call(breaker, 'web', false);
    watch.forget('web');
    expect(watch.historyOf('web')).toEqual({ opened: 0, closed: 0 });
  });

  it('ends with the watch', async () => {
    watch.close();
    await call(breakerOf('targets'), 'web', false);
    expect(moves).toEqual([]);
  });
});
