import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../testing/virtual-clock.js';
import { StallMonitor } from './stalls.js';

function monitorOf(options: { tickMs?: number; thresholdMs?: number } = {}) {
  const clock = new VirtualClock();
  return { clock, monitor: new StallMonitor({ clock, ...options }) };
}

/** The loop stands still for `ms`, and then runs what is due. */
async function stall(clock: VirtualClock, ms: number): Promise<void> {
  clock.stall(ms);
  await clock.advance(0);
}

describe('StallMonitor', () => {
  it('finds nothing while the loop runs', async () => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    await clock.advance(5_000);
    expect(monitor.stalledSince(0)).toBe(0);
    expect(monitor.totalMs).toBe(0);
  });

  it('finds how long the loop stood still', async () => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    await clock.advance(50);
    await stall(clock, 1_000);
    expect(monitor.stalledSince(0)).toBe(975);
    expect(monitor.totalMs).toBe(975);
  });

  it('finds a stall although its late tick has not run yet', async () => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    await clock.advance(50);
    clock.stall(1_000);
    expect(monitor.stalledSince(0)).toBe(975);
    await clock.advance(0);
    expect(monitor.totalMs).toBe(975);
  });

  it.each([10, 90, 125])('is not put off by who asks %d ms after a tick', async (askedMs) => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    await clock.advance(100);
    clock.stall(askedMs);
    expect(monitor.stalledSince(0)).toBe(0);
    await stall(clock, 1_000);
    expect(monitor.totalMs).toBe(askedMs + 1_000 - 25);
  });

  it('counts only what lies in the interval that it is asked about', async () => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    await stall(clock, 525);
    await clock.advance(100);
    await stall(clock, 325);
    expect(clock.now()).toBe(950);
    expect(monitor.stalledSince(0)).toBe(800);
    expect(monitor.stalledSince(225)).toBe(600);
    expect(monitor.stalledSince(525)).toBe(300);
    expect(monitor.stalledSince(850)).toBe(100);
    expect(monitor.stalledSince(950)).toBe(0);
  });

  it('takes a tick that is late by the threshold for one that is merely late', async () => {
    const { clock, monitor } = monitorOf({ tickMs: 10, thresholdMs: 50 });
    monitor.watch();
    await stall(clock, 60);
    expect(monitor.totalMs).toBe(0);
    await stall(clock, 61);
    expect(monitor.totalMs).toBe(51);
  });

  it('remembers the last 64 stalls, and all in the sum', async () => {
    const { clock, monitor } = monitorOf();
    monitor.watch();
    for (let count = 0; count < 70; count++) await stall(clock, 225);
    expect(monitor.totalMs).toBe(70 * 200);
    expect(monitor.stalledSince(0)).toBe(64 * 200);
  });

  it('sleeps when nobody asked for 200 ticks, and wakes when somebody does', async () => {
    const { clock, monitor } = monitorOf();
    expect(clock.timers).toBe(0);
    monitor.watch();
    await clock.advance(199 * 25);
    expect(clock.timers).toBe(1);
    monitor.watch();
    expect(clock.timers).toBe(1);
    await clock.advance(199 * 25);
    expect(clock.timers).toBe(1);
    await clock.advance(25);
    expect(clock.timers).toBe(0);
    clock.stall(60_000);
    expect(monitor.stalledSince(0)).toBe(0);
    monitor.watch();
    await clock.advance(100);
    expect(monitor.totalMs).toBe(0);
    await stall(clock, 525);
    expect(monitor.totalMs).toBe(500);
  });

  it('never keeps a process alive', () => {
    let unrefs = 0;
    const timer = { unref: () => unrefs++, [Symbol.dispose]: () => {} };
    new StallMonitor({ clock: { now: () => 0, wall: () => 0, after: () => timer } }).watch();
    expect(unrefs).toBe(1);
  });
});
