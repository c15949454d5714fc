import { VirtualClock } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { CatchUp } from './catch-up.js';

function catchUpOf(pointsPerSecond = 1_600, batchPoints = 100) {
  const clock = new VirtualClock();
  return { clock, catchUp: new CatchUp(clock, pointsPerSecond, batchPoints) };
}

describe('CatchUp', () => {
  it('lets points go at its rate, whatever their batches', async () => {
    const { clock, catchUp } = catchUpOf(1_000, 100);
    let points = 0;
    while (clock.now() < 10_000) {
      const waitMs = catchUp.waitMs();
      if (waitMs > 0) await clock.advance(waitMs);
      else {
        catchUp.take(70);
        points += 70;
      }
    }
    expect(points).toBeGreaterThanOrEqual(9_900);
    expect(points).toBeLessThanOrEqual(10_200);
  });

  it('halves its rate once a second, down to a sixty-fourth', async () => {
    const { clock, catchUp } = catchUpOf();
    catchUp.slowDown();
    catchUp.slowDown();
    expect(catchUp.rate).toBe(800);
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000);
      catchUp.slowDown();
    }
    expect(catchUp.rate).toBe(25);
  });

  it('grows back by steps, one a second', async () => {
    const { clock, catchUp } = catchUpOf();
    catchUp.slowDown();
    await clock.advance(1_000);
    catchUp.backlogServed(5, 100);
    catchUp.backlogServed(5, 100);
    expect(catchUp.rate).toBe(900);
    for (let second = 0; second < 20; second++) {
      await clock.advance(1_000);
      catchUp.backlogServed(5, 100);
    }
    expect(catchUp.rate).toBe(1_600);
  });

  it('halves when backlog takes more than twice as long as fresh batches, in proportion to its points', () => {
    const { catchUp } = catchUpOf();
    catchUp.freshServed(30, 50);
    catchUp.backlogServed(119, 100);
    expect(catchUp.rate).toBe(1_600);
    catchUp.backlogServed(121, 100);
    expect(catchUp.rate).toBe(800);
  });

  it('has no opinion on round trips while nothing fresh was sent', () => {
    const { catchUp } = catchUpOf();
    catchUp.backlogServed(5_000, 100);
    expect(catchUp.rate).toBe(1_600);
  });
});
