import { describe, expect, it } from 'vitest';
import type { Permit } from '../core/types.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';
import { keyedCircuitBreaker } from './keyed-circuit-breaker.js';
import type { CircuitBreakerOptions } from './settings.js';

// Bugs that were found in other libraries by running them. Each test says whose it is.

const down = new Error('down');

function breakerOf(options: CircuitBreakerOptions) {
  const clock = new VirtualClock();
  return { clock, breaker: circuitBreaker({ clock, recoveryTimeoutMs: 1_000, ...options }) };
}

const reasonOf = (breaker: CircuitBreaker): string => {
  try {
    breaker.acquire().ignore();
    return 'none';
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

describe('known bugs of others', () => {
  it('a success that began while closed does not close a half-open circuit (opossum)', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 1 });
    let answerLate!: (value: string) => void;
    const stale = breaker.execute(
      () =>
        new Promise<string>((resolve) => {
          answerLate = resolve;
        }),
    );
    breaker.acquire().failure();
    await clock.advance(1_000);
    const probe = breaker.acquire();
    answerLate('from another time');
    expect(await stale).toBe('from another time');
    expect(breaker.state).toBe('half-open');
    probe.failure();
    expect(breaker.state).toBe('open');
  });

  it('a failure that began while closed does not reopen a circuit that has recovered (cockatiel)', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 1 });
    const stale = breaker.acquire();
    breaker.acquire().failure();
    await clock.advance(1_000);
    breaker.acquire().success();
    expect(breaker.state).toBe('closed');
    stale.failure(down);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot()).toMatchObject({ failures: 0 });
  });

  it('a failure that began while closed neither fails a probe nor prolongs the open time', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1 });
    const stale = [breaker.acquire(), breaker.acquire()];
    breaker.acquire().failure();
    await clock.advance(400);
    stale[0]!.failure(down);
    expect(breaker.retryAfterMs).toBe(600);
    await clock.advance(600);
    breaker.acquire();
    stale[1]!.failure(down);
    expect(breaker.state).toBe('half-open');
  });

  it('probes that never end do not refuse for ever (opossum, Polly, resilience4j without a wait limit)', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 1, maxProbes: 1 });
    breaker.acquire().failure();
    await clock.advance(1_000);
    breaker.execute(() => new Promise(() => {})).catch(() => {});
    expect(reasonOf(breaker)).toBe('probing');
    await clock.advance(1_000);
    expect(reasonOf(breaker)).toBe('open');
    await clock.advance(1_000);
    breaker.acquire().success();
    expect(breaker.state).toBe('closed');
  });

  it('one probe that never ends does not hold the other slots', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 2, maxProbes: 2 });
    breaker.acquire().failure();
    await clock.advance(1_000);
    breaker.execute(() => new Promise(() => {})).catch(() => {});
    breaker.acquire().success();
    breaker.acquire().success();
    expect(breaker.state).toBe('closed');
  });

  it('an ignored outcome gives its probe permit back (resilience4j 544)', async () => {
    const { breaker, clock } = breakerOf({
      failureThreshold: 1,
      maxProbes: 1,
      successThreshold: 1,
      classify: () => 'ignore',
    });
    breaker.acquire().failure();
    await clock.advance(1_000);
    for (let probe = 0; probe < 20; probe++) {
      await breaker.execute(() => Promise.reject(down)).catch(() => {});
      await breaker.execute(() => 'no verdict');
    }
    expect(breaker.state).toBe('half-open');
    breaker.acquire().success();
    expect(breaker.state).toBe('closed');
  });

  it('a window is empty after an hour without calls, not one bucket further on (cockatiel)', async () => {
    const { breaker, clock } = breakerOf({
      trip: { window: 'time', durationMs: 30_000, failureRate: 0.5, minimumCalls: 10 },
    });
    for (let failure = 0; failure < 9; failure++) {
      breaker.acquire().failure();
      await clock.advance(100);
    }
    await clock.advance(3_600_000);
    breaker.acquire().failure();
    expect(breaker.state).toBe('closed');
  });

  it('calls that were refused do not dilute the failure rate (opossum)', async () => {
    const { breaker, clock } = breakerOf({
      trip: { window: 'count', calls: 10, minimumCalls: 4, failureRate: 0.5 },
      successThreshold: 1,
    });
    const fail = () => breaker.execute(() => Promise.reject(down)).catch(() => {});
    for (let call = 0; call < 4; call++) await fail();
    for (let refused = 0; refused < 50; refused++) await breaker.execute(() => 'fine').catch(() => {});
    await clock.advance(1_000);
    await breaker.execute(() => 'fine');
    expect(breaker.state).toBe('closed');
    for (let call = 0; call < 3; call++) await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('a snapshot says when the circuit opened, not when the breaker was made (opossum)', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1 });
    await clock.advance(45_000);
    breaker.acquire().failure();
    expect(breaker.snapshot()).toMatchObject({ state: 'open', openedAt: clock.wall(), openMs: 1_000 });
  });

  it('a half-open circuit that is restored begins to probe, and is not stuck (cockatiel exports openedAt 0)', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 1 });
    breaker.acquire().failure();
    await clock.advance(1_500);
    breaker.acquire();
    const saved = breaker.snapshot();
    expect(saved).toMatchObject({ state: 'open', openedAt: clock.wall() - 1_500 });
    const restarted = breakerOf({ failureThreshold: 1, successThreshold: 1 });
    await restarted.clock.advance(1_500);
    restarted.breaker.restore(saved);
    restarted.breaker.acquire().success();
    expect(restarted.breaker.state).toBe('closed');
  });

  it('a permit that speaks twice counts once: slots and successes stay right', async () => {
    const { breaker, clock } = breakerOf({ failureThreshold: 1, successThreshold: 2, maxProbes: 1 });
    breaker.acquire().failure();
    await clock.advance(1_000);
    const probe = breaker.acquire();
    probe.success();
    probe.success();
    probe[Symbol.dispose]();
    expect(breaker.state).toBe('half-open');
    const second: Permit = breaker.acquire();
    expect(reasonOf(breaker)).toBe('probing');
    second.success();
    expect(breaker.state).toBe('closed');
  });

  it('a stale failure of a key that recovered and was forgotten does not count against it', async () => {
    const clock = new VirtualClock();
    const breaker = keyedCircuitBreaker({ clock, failureThreshold: 1, successThreshold: 1, recoveryTimeoutMs: 1_000 });
    const stale = breaker.acquire({ key: 'a' });
    breaker.acquire({ key: 'a' }).failure();
    await clock.advance(1_000);
    breaker.acquire({ key: 'a' }).success();
    stale.failure(down);
    expect(breaker.state('a')).toBe('closed');
    expect([...breaker.entries()]).toEqual([]);
  });
});
