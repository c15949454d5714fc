import { StallMonitor } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { EventLoop } from './event-loop.js';
import { processMetrics, VERSION } from './self.js';

function measured(source: { measure: EventLoop['measure'] }): Map<string, number> {
  const values = new Map<string, number>();
  source.measure(({ name }, labels, value) => {
    values.set([name, ...Object.values(labels)].join(' '), value as number);
  });
  return values;
}

describe('the event loop', () => {
  it('is measured by how late its timers are, beyond how often it is looked at', () => {
    const loop = new EventLoop(new VirtualClock());
    const { p50Ms, p99Ms } = loop.lag();
    expect(p50Ms).toBeGreaterThanOrEqual(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
    loop.close();
  });

  it('counts how long it stood still, also while nothing else watches', async () => {
    const clock = new VirtualClock();
    const loop = new EventLoop(clock, new StallMonitor({ clock }));
    await clock.advance(60_000);
    clock.stall(2_000);
    await clock.advance(100);
    expect(measured(loop).get('telemetry_event_loop_stalled_seconds_total')).toBeCloseTo(2, 1);
    loop.close();
    await clock.advance(60_000);
    expect(clock.timers).toBe(0);
  });
});

describe('the process', () => {
  it('says what runs, since when, and what it uses', () => {
    const values = measured(processMetrics);
    expect(values.get(`telemetry_build_info ${VERSION} ${process.version}`)).toBe(1);
    expect(values.get('process_start_time_seconds')).toBeCloseTo(Date.now() / 1_000 - process.uptime(), -1);
    expect(values.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });
});
