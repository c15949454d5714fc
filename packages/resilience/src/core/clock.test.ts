import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './clock.js';

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells monotonic time and the time of day', () => {
    const before = systemClock.now();
    expect(systemClock.wall()).toBe(1_700_000_000_000);
    vi.advanceTimersByTime(250);
    expect(systemClock.now() - before).toBe(250);
    expect(systemClock.wall()).toBe(1_700_000_000_250);
  });

  it('runs something once, after a while', () => {
    let ran = 0;
    systemClock.after(100, () => ran++);
    vi.advanceTimersByTime(99);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(ran).toBe(1);
  });

  it('runs what is overdue as soon as it can', () => {
    let ran = 0;
    systemClock.after(-5, () => ran++);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
  });

  it('runs nothing that was cancelled', () => {
    const timer = systemClock.after(100, () => {
      throw new Error('cancelled');
    });
    timer[Symbol.dispose]();
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for longer than setTimeout can', () => {
    const days = 86_400_000;
    let ran = 0;
    systemClock.after(60 * days, () => ran++);
    vi.advanceTimersByTime(60 * days - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
  });

  it('cancels a long wait in any of its parts', () => {
    const days = 86_400_000;
    const timer = systemClock.after(60 * days, () => {
      throw new Error('cancelled');
    });
    vi.advanceTimersByTime(30 * days);
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the process end while it waits, or not', () => {
    vi.useRealTimers();
    const timer = systemClock.after(60_000, () => {});
    const timeouts = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timeouts();
    timer.unref!();
    expect(timeouts()).toBe(before - 1);
    timer.ref!();
    expect(timeouts()).toBe(before);
    timer[Symbol.dispose]();
  });
});
