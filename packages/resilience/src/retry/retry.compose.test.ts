import { describe, expect, it } from 'vitest';
import { RejectedError, TimeoutError } from '../core/errors.js';
import { pipeline } from '../core/pipeline.js';
import { collect } from '../metrics/collect.js';
import { semaphore } from '../semaphore/semaphore.js';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { timeout } from '../timeout/timeout.js';
import { constantBackoff } from './backoff.js';
import { RETRY_METRICS } from './metrics.js';
import { type RetryOptions, retry } from './retry.js';

function setup(options: RetryOptions = {}) {
  const clock = new VirtualClock();
  return {
    clock,
    again: retry({ name: 'again', clock, backoff: constantBackoff({ baseDelayMs: 100, jitter: 0 }), ...options }),
    slots: semaphore({ name: 'slots', permits: 1, maxQueue: 0, clock }),
    limit: timeout({ name: 'limit', timeoutMs: 50, clock }),
  };
}

const outcome = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const no = new Error('no');

describe('retry around a semaphore', () => {
  it('holds no permit while it waits', async () => {
    const { clock, again, slots } = setup();
    const result = outcome(pipeline(again, slots).execute(() => Promise.reject(no)));
    await settle();
    expect(slots.inUse).toBe(0);
    await clock.advance(1000);
    expect(await result).toBe(no);
  });

  it('tries again when the queue was full', async () => {
    const { clock, again, slots } = setup();
    const permit = slots.tryAcquire()!;
    const result = pipeline(again, slots).execute(({ attempt }) => attempt);
    await clock.advance(50);
    permit.success();
    await clock.advance(50);
    expect(await result).toBe(2);
  });

  it('does not stand in line again after a queue timeout', async () => {
    const { clock, again } = setup();
    const slots = semaphore({ name: 'slots', permits: 1, queueTimeoutMs: 10, clock });
    slots.tryAcquire();
    const result = outcome(pipeline(again, slots).execute(() => 1));
    await clock.advance(10);
    expect(await result).toMatchObject({ policy: 'slots', reason: 'queue-timeout' });
    const givenUp = collect([again]).get(RETRY_METRICS.givenUp)!;
    expect(givenUp.find(({ labels }) => labels['reason'] === 'rejected')!.value).toBe(1);
  });

  it('lets the deadline end a later attempt in the queue', async () => {
    const { clock, again } = setup();
    const slots = semaphore({ name: 'slots', permits: 1, clock });
    let turn = 0;
    const result = outcome(
      pipeline(again, slots).execute(
        () => {
          turn++;
          throw no;
        },
        { deadline: 150 },
      ),
    );
    await settle();
    slots.tryAcquire();
    await clock.advance(150);
    expect(await result).toBeInstanceOf(RejectedError);
    expect(await result).toMatchObject({ policy: 'slots', reason: 'deadline' });
    expect(turn).toBe(1);
    expect(slots.queued).toBe(0);
  });
});

describe('a semaphore around retry', () => {
  it('holds its permit through the waits, and until no attempt runs any more', async () => {
    const { clock, again, slots, limit } = setup({ maxAttempts: 2 });
    const release: Array<() => void> = [];
    const result = outcome(
      pipeline(slots, again, limit).execute(() => new Promise<void>((resolve) => release.push(resolve))),
    );
    await clock.advance(60);
    expect(slots.inUse).toBe(1);
    await clock.advance(1000);
    expect(await result).toBeInstanceOf(TimeoutError);
    expect(release).toHaveLength(2);
    release[1]!();
    await settle();
    expect(slots.inUse).toBe(1);
    release[0]!();
    await settle();
    expect(slots.inUse).toBe(0);
  });
});

describe('retry around a timeout', () => {
  it('gives each attempt its own time and its own signal', async () => {
    const { clock, again, limit } = setup();
    const deadlines: number[] = [];
    const signals: AbortSignal[] = [];
    const result = pipeline(again, limit).execute(({ attempt, deadline, signal }) => {
      deadlines.push(deadline);
      signals.push(signal);
      return attempt === 1 ? new Promise(() => {}) : 'yes';
    });
    await clock.advance(150);
    expect(await result).toBe('yes');
    expect(deadlines).toEqual([50, 200]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });
});

describe('a timeout around retry', () => {
  it('lets no retry begin that its time would end', async () => {
    const { clock, again, limit } = setup();
    let runs = 0;
    const result = outcome(
      pipeline(limit, again).execute(() => {
        runs++;
        throw no;
      }),
    );
    expect(await result).toBe(no);
    await clock.advance(1000);
    expect(runs).toBe(1);
  });
});

describe('retry inside retry', () => {
  it('counts the attempts of the inner one, and multiplies', async () => {
    const { clock, again } = setup({ maxAttempts: 2 });
    const inner = retry({ name: 'inner', clock, maxAttempts: 2, backoff: constantBackoff({ baseDelayMs: 10 }) });
    const attempts: number[] = [];
    const result = outcome(
      pipeline(again, inner).execute(({ attempt }) => {
        attempts.push(attempt);
        throw no;
      }),
    );
    await clock.advance(1000);
    expect(await result).toBe(no);
    expect(attempts).toEqual([1, 2, 1, 2]);
  });
});
