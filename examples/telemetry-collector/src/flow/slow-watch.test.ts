import { StallMonitor } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { SlowWatch } from './slow-watch.js';

describe('the watch over a run', () => {
  let clock: VirtualClock;
  let stalls: StallMonitor;
  let slowAtMs: number | undefined;

  const watch = () => {
    stalls.watch();
    return new SlowWatch(clock, stalls, () => {
      slowAtMs = clock.now();
    });
  };

  beforeEach(() => {
    clock = new VirtualClock({ nowMs: 10_000 });
    stalls = new StallMonitor({ clock });
    slowAtMs = undefined;
  });

  it('tells after a second that it has become slow', async () => {
    watch();
    await clock.advance(999);
    expect(slowAtMs).toBeUndefined();
    await clock.advance(1);
    expect(slowAtMs).toBe(11_000);
  });

  it('does not count a stall of our own', async () => {
    watch();
    await clock.advance(400);
    clock.stall(3_000);
    await clock.advance(0);
    expect(slowAtMs).toBeUndefined();
    await clock.advance(700);
    expect(slowAtMs).toBeGreaterThan(13_900);
    expect(slowAtMs).toBeLessThanOrEqual(14_100);
  });

  it('tells nothing when the run is over', async () => {
    watch()[Symbol.dispose]();
    await clock.advance(5_000);
    expect(slowAtMs).toBeUndefined();
  });

  it('tells nothing when the run is over during a second look', async () => {
    const watching = watch();
    await clock.advance(400);
    clock.stall(1_000);
    await clock.advance(0);
    watching[Symbol.dispose]();
    await clock.advance(5_000);
    expect(slowAtMs).toBeUndefined();
  });
});
