import type { Clock } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { type Due, Schedule, type Scheduled } from './schedule.js';
import { type Leave, Ticker } from './ticker.js';

/** A virtual clock whose wall time can be set, as an administrator or NTP does. */
class SettableClock implements Clock {
  readonly time = new VirtualClock();
  setMs = 0;
  now = () => this.time.now();
  wall = () => this.time.wall() + this.setMs;
  after = (ms: number, run: () => void) => this.time.after(ms, run);
}

function begin(items: Scheduled[], leave?: Leave<Scheduled>) {
  const clock = new SettableClock();
  const schedule = new Schedule<Scheduled>();
  for (const item of items) schedule.set(item, clock.wall());
  const due: Array<Due<Scheduled>> = [];
  const delays: number[] = [];
  const onDue = (each: Due<Scheduled>) => {
    due.push(each);
    if (each.instantMs !== undefined) delays.push(clock.wall() - each.instantMs);
  };
  const ticker = new Ticker(schedule, clock, onDue, leave);
  ticker.start();
  return { clock, schedule, ticker, due, delays };
}

const web = { name: 'web-1', intervalMs: 10_000 };

describe('a ticker', () => {
  it('hands out every turn at its instant', async () => {
    const { clock, due, delays } = begin([web, { name: 'web-2', intervalMs: 500 }]);
    await clock.time.advance(60_000);
    expect(due.filter(({ item }) => item === web)).toHaveLength(6);
    expect(due).toHaveLength(6 + 120);
    expect(Math.max(...delays)).toBe(0);
  });

  it('takes nothing while it may not, looks again ten times a second, and takes up what is not too late', async () => {
    let [may, asked] = [true, 0];
    const now = () => {
      asked++;
      return may;
    };
    const { clock, schedule, due } = begin([web], { now, of: () => true });
    await clock.time.advance(schedule.nextMs - clock.wall() - 1);
    [may, asked] = [false, 0];
    await clock.time.advance(3_000);
    expect(due).toEqual([]);
    expect(asked).toBeGreaterThanOrEqual(29);
    expect(asked).toBeLessThanOrEqual(31);
    may = true;
    await clock.time.advance(100);
    expect(due).toMatchObject([{ item: web, missed: 0 }]);
  });

  it('has one timer for 2,000 targets', async () => {
    const { clock, due } = begin(Array.from({ length: 2_000 }, (_, at) => ({ name: `t${at}`, intervalMs: 1_000 })));
    expect(clock.time.timers).toBe(1);
    await clock.time.advance(1_000);
    expect(clock.time.timers).toBe(1);
    expect(due).toHaveLength(2_000);
  });

  it('starts no burst after the event loop stood still', async () => {
    const { clock, due } = begin([web]);
    clock.time.stall(3_600_000);
    await clock.time.advance(0);
    expect(due.filter(({ instantMs }) => instantMs !== undefined).length).toBeLessThanOrEqual(1);
    expect(due.reduce((sum, { missed }) => sum + missed, 0)).toBeGreaterThanOrEqual(359);
  });

  it('goes on within two intervals when the wall clock is set back by a year', async () => {
    const { clock, due } = begin([web]);
    await clock.time.advance(20_000);
    due.length = 0;
    clock.setMs = -365 * 86_400_000;
    await clock.time.advance(60_000);
    expect(due.length).toBeGreaterThanOrEqual(5);
    expect(due.reduce((sum, { missed }) => sum + missed, 0)).toBe(0);
  });

  it('counts what the wall clock jumped over, and goes on', async () => {
    const { clock, due } = begin([web]);
    await clock.time.advance(20_000);
    due.length = 0;
    clock.setMs = 3_600_000;
    await clock.time.advance(60_000);
    expect(due.reduce((sum, { missed }) => sum + missed, 0)).toBeGreaterThanOrEqual(359);
    expect(due.filter(({ instantMs }) => instantMs !== undefined).length).toBeGreaterThanOrEqual(5);
  });

  it('notices within a second that the wall clock was set, however far away the next turn is', async () => {
    const { clock, due } = begin([{ name: 'daily', intervalMs: 86_400_000 }]);
    await clock.time.advance(1_000);
    clock.setMs = 86_400_000;
    await clock.time.advance(1_000);
    expect(due).toHaveLength(1);
  });

  it('takes up a target that is added while it sleeps', async () => {
    const { clock, schedule, ticker, due } = begin([]);
    await clock.time.advance(100);
    schedule.set({ name: 'late', intervalMs: 10 }, clock.wall());
    ticker.changed();
    await clock.time.advance(10);
    expect(due).toHaveLength(1);
  });

  it('does nothing after it was stopped, and leaves no timer', async () => {
    const { clock, ticker, due } = begin([web]);
    ticker.stop();
    ticker.changed();
    expect(clock.time.timers).toBe(0);
    await clock.time.advance(30_000);
    expect(due).toEqual([]);
  });

  it('may be stopped from within a turn', async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule<Scheduled>();
    schedule.set(web, clock.wall());
    const ticker = new Ticker(schedule, clock, () => ticker.stop());
    ticker.start();
    await clock.advance(30_000);
    expect(clock.timers).toBe(0);
  });
});
