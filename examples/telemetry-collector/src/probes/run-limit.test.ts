import { getEventListeners } from 'node:events';
import { TimeoutError } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RunLimit, runWithin } from './run-limit.js';

describe('runWithin', () => {
  let clock: VirtualClock;
  let caller: AbortController;
  const run = <T>(measure: (limit: RunLimit) => Promise<T>, deadline = Number.POSITIVE_INFINITY) =>
    runWithin({ signal: caller.signal, deadline, attempt: 1 }, clock, 'web-1:80', measure);
  /** Waits until it is told to leave. */
  const hang = (stage: RunLimit['stage']) => (limit: RunLimit) =>
    new Promise<never>((_resolve, reject) => {
      limit.stage = stage;
      limit.signal.addEventListener('abort', () => reject(new Error('whatever a socket says when it is closed')));
    });

  beforeEach(() => {
    clock = new VirtualClock({ nowMs: 1_000 });
    caller = new AbortController();
  });

  it('gives what was measured, and keeps no timer and no listener', async () => {
    expect(await run(async (limit) => limit.remainingMs, 6_000)).toBe(5_000);
    expect(clock.timers).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('knows no bounds where there is no deadline', async () => {
    expect(await run(async (limit) => limit.remainingMs)).toBe(Number.POSITIVE_INFINITY);
  });

  it('names what went wrong by its own name while there is time', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(run(() => Promise.reject(refused), 6_000)).rejects.toMatchObject({ code: 'refused', cause: refused });
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['a text', 'connecting'],
    ['a function, asked at the end', () => 'connecting'],
  ])('says at which stage the time ran out: %s', async (_what, stage) => {
    const running = run(hang(stage), 6_000);
    const failure = expect(running).rejects.toMatchObject({
      code: 'timeout',
      message: 'web-1:80: timed out after 5000 ms while connecting; check that it is up, or raise its timeout',
    });
    await clock.advance(5_000);
    await failure;
  });

  it('says when it was our own process that stood still', async () => {
    const running = run(hang('connecting'));
    caller.abort(new TimeoutError('timeout', 5_000, true));
    await expect(running).rejects.toThrow(
      'timed out after 5000 ms while connecting; this process was stalled meanwhile;',
    );
  });

  it('keeps the reason of a caller who left', async () => {
    const running = run(hang('connecting'));
    const reason = new Error('shutting down');
    caller.abort(reason);
    await expect(running).rejects.toMatchObject({
      code: 'aborted',
      message: 'web-1:80: the run was ended by its caller while connecting',
      cause: reason,
    });
  });

  it('takes the first end for the end', async () => {
    let seen: RunLimit | undefined;
    const running = run((limit) => {
      seen = limit;
      return hang('connecting')(limit);
    }, 6_000);
    const failure = expect(running).rejects.toMatchObject({ code: 'timeout' });
    await clock.advance(5_000);
    caller.abort();
    await failure;
    expect(seen!.error).toMatchObject({ code: 'timeout' });
    expect(seen!.remainingMs).toBe(0);
  });

  it('does not begin what is over', async () => {
    const begun: RunLimit[] = [];
    const measure = async (limit: RunLimit) => void begun.push(limit);
    await expect(run(measure, 1_000)).rejects.toMatchObject({ code: 'timeout' });
    caller.abort();
    await expect(run(measure)).rejects.toMatchObject({ code: 'aborted' });
    expect(begun).toEqual([]);
  });
});
