import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { LoadGauge } from './load-gauge.js';

describe('LoadGauge', () => {
  it('tells what the collector measures of itself', async () => {
    const clock = new VirtualClock();
    let points = 100;
    let p95Ms: number | undefined;
    const gauge = new LoadGauge(clock, {
      usage: () => ({ cpu: 0.5, memory: 0.25 }),
      loopLagMs: () => 12,
      turnsUnderWay: () => 3,
      points: () => points,
      p95Ms: () => p95Ms,
      linesPending: () => 40,
      laneLagMs: () => 2_500,
      targets: () => 34,
    });
    const constant = {
      cpu: 0.5,
      memory: 0.25,
      eventLoopLagMs: 12,
      activeConnections: 3,
      queueDepth: 40,
      consumerLag: 2.5,
      more: { targets: 34 },
    };
    expect(gauge.read()).toEqual({ ...constant, throughput: 0 });
    await clock.advance(5_000);
    points += 1_000;
    p95Ms = 80;
    expect(gauge.read()).toEqual({ ...constant, throughput: 200, p95Ms: 80 });
    await clock.advance(500);
    points += 1;
    expect(gauge.read().throughput).toBe(200);
    await clock.advance(500);
    expect(gauge.read().throughput).toBe(1);
  });
});
