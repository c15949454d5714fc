import { describe, expect, it } from 'vitest';
import { ConfigError, RejectedError, type RejectionReason, TimeoutError } from './errors.js';

const REASONS: Record<RejectionReason, string> = {
  open: 'web rejected the call: its circuit is open',
  probing: 'web rejected the call: its circuit is half-open and every probe is taken',
  'queue-full': 'web rejected the call: its queue is full',
  'queue-timeout': 'web rejected the call: no permit came free in time',
  shed: 'web rejected the call: it sheds load',
  budget: 'web rejected the call: its budget is used up',
  deadline: 'web rejected the call: the deadline cannot be met',
  aborted: 'web rejected the call: the caller aborted',
  shutdown: 'web rejected the call: it is shut down',
  isolated: 'web rejected the call: it is isolated by hand',
};

describe('RejectedError', () => {
  it.each(Object.entries(REASONS))('says what %s means', (reason, message) => {
    const error = new RejectedError('web', reason as RejectionReason);
    expect(error).toMatchObject({
      name: 'RejectedError',
      code: 'ERR_BREAKWATER_REJECTED',
      policy: 'web',
      reason,
      message,
    });
    expect(error.retryAfterMs).toBeUndefined();
    expect('cause' in error).toBe(false);
  });

  it('says when trying again may help, in whole milliseconds', () => {
    const error = new RejectedError('web', 'open', { retryAfterMs: 12.3 });
    expect(error.message).toBe('web rejected the call: its circuit is open (retry after 13 ms)');
    expect(error.retryAfterMs).toBe(12.3);
  });

  it('keeps its cause', () => {
    expect(new RejectedError('web', 'aborted', { cause: 'tired' }).cause).toBe('tired');
  });
});

describe('TimeoutError', () => {
  it('says how long it waited, and whose fault that was', () => {
    expect(new TimeoutError('web', 99.6)).toMatchObject({
      name: 'TimeoutError',
      code: 'ERR_BREAKWATER_TIMEOUT',
      policy: 'web',
      timeoutMs: 99.6,
      stalled: false,
      message: 'web: no result after 100 ms',
    });
    const stalled = new TimeoutError('web', 5, true);
    expect(stalled.stalled).toBe(true);
    expect(stalled.message).toMatch(/^web: no result after 5 ms.*event loop/);
  });
});

describe('errors that policies make', () => {
  it('carry no stack, and leave the limit as it was', () => {
    const limit = Error.stackTraceLimit;
    for (const error of [RejectedError.of('web', 'open', { retryAfterMs: 5 }, 7), TimeoutError.of('web', 5, true)]) {
      expect(error.stack).not.toContain('\n');
      expect(Error.stackTraceLimit).toBe(limit);
    }
    expect(RejectedError.of('web', 'open', { retryAfterMs: 5 }, 7)).toMatchObject({ origin: 7, retryAfterMs: 5 });
    expect(RejectedError.of('web', 'open').origin).toBe(0);
  });

  it('leave the limit as it was when making one fails', () => {
    const limit = Error.stackTraceLimit;
    const broken = {
      get retryAfterMs(): number {
        throw new Error('broken');
      },
    };
    expect(() => RejectedError.of('web', 'open', broken)).toThrow('broken');
    expect(Error.stackTraceLimit).toBe(limit);
  });
});

it('ConfigError has a name and a code', () => {
  expect(new ConfigError('web: size is -1')).toMatchObject({
    name: 'ConfigError',
    code: 'ERR_BREAKWATER_CONFIG',
    message: 'web: size is -1',
  });
});
