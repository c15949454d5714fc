import { exportMetrics } from '@breakwater/resilience/prometheus';
import { VirtualClock } from '@breakwater/resilience/testing';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { TurnTimeouts } from './turn-timeouts.js';

describe('the timeouts of turns', () => {
  it('are one policy for each length of time', () => {
    const timeouts = new TurnTimeouts(new VirtualClock());
    expect(timeouts.of(5_000)).toBe(timeouts.of(5_000));
    expect(timeouts.of(5_000)).not.toBe(timeouts.of(900));
    expect(timeouts.of(900).timeoutMs).toBe(900);
  });

  it('are measured as one', async () => {
    const clock = new VirtualClock();
    const timeouts = new TurnTimeouts(clock);
    for (const ms of [100, 100, 200]) {
      timeouts
        .of(ms)
        .execute(() => new Promise(() => {}))
        .catch(() => {});
    }
    await clock.advance(200);
    const registry = new Registry();
    exportMetrics(registry, [timeouts]);
    const text = await registry.metrics();
    expect(text).toContain('timeout_expired_total{policy="probe",stalled="no"} 3\n');
    expect(text).toContain('timeout_operations_running_on{policy="probe"} 3\n');
  });
});
