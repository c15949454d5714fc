import { describe, expect, it } from 'vitest';
import { Call } from './call.js';
import { ConfigError, RejectedError, TimeoutError } from './errors.js';
import { classifyErrors, classifyHttp, isOwnRejection, judgeError, judgeValue } from './judge.js';
import type { Classify, Options } from './types.js';

const root = (options?: Options) => Call.root(() => 'done', options);
const never = () => {
  throw new Error('nobody should be asked');
};

describe('classifyErrors', () => {
  it('takes an error for a failure, whatever it is, and a value for a success', () => {
    expect(classifyErrors({ error: new Error('down') })).toBe('failure');
    expect(classifyErrors({ error: undefined })).toBe('failure');
    expect(classifyErrors({ value: undefined })).toBe('success');
    expect(classifyErrors({ value: { status: 503 } })).toBe('success');
  });
});

describe('classifyHttp', () => {
  it.each([
    [200, 'success'],
    [404, 'success'],
    [428, 'success'],
    [429, 'failure'],
    [430, 'success'],
    [499, 'success'],
    [500, 'failure'],
    [503, 'failure'],
    [599, 'failure'],
  ])('takes status %d for a %s', (status, verdict) => {
    expect(classifyHttp({ value: { status } })).toBe(verdict);
    expect(classifyHttp({ value: { statusCode: status } })).toBe(verdict);
  });

  it('takes status before statusCode', () => {
    expect(classifyHttp({ value: { status: 200, statusCode: 500 } })).toBe('success');
  });

  it.each([undefined, null, 'text', 503, {}, { status: '503' }, { statusCode: '503' }])(
    'takes %j, which has no status, for a success',
    (value) => {
      expect(classifyHttp({ value })).toBe('success');
    },
  );

  it('takes an error for a failure', () => {
    expect(classifyHttp({ error: { status: 200 } })).toBe('failure');
  });
});

describe('judgeValue', () => {
  it('asks classify', () => {
    expect(judgeValue(classifyErrors, 'fine')).toBe('success');
    const strict: Classify = (outcome) => ('value' in outcome && outcome.value === 'bad' ? 'failure' : 'ignore');
    expect(judgeValue(strict, 'bad')).toBe('failure');
    expect(judgeValue(() => 'ignore', 'fine')).toBe('ignore');
  });
});

describe('judgeError', () => {
  it('asks classify about an error of the other side', () => {
    const error = new Error('down');
    expect(judgeError(classifyErrors, root(), error)).toBe('failure');
    expect(
      judgeError((outcome) => ('error' in outcome && outcome.error === error ? 'ignore' : 'failure'), root(), error),
    ).toBe('ignore');
  });

  it('ignores the refusal of an inner policy of the same call, and of its children', () => {
    const call = root();
    const refusal = new RejectedError('inner', 'queue-full', {}, call.id);
    expect(judgeError(never, call, refusal)).toBe('ignore');
    expect(judgeError(never, call.child(5), refusal)).toBe('ignore');
  });

  it('takes the refusal of another pipeline, or of a permit taken by hand, for what classify says', () => {
    const call = root();
    expect(judgeError(classifyErrors, call, new RejectedError('other', 'open', {}, root().id))).toBe('failure');
    expect(judgeError(classifyErrors, call, new RejectedError('by hand', 'open'))).toBe('failure');
  });

  it('ignores a wrong option', () => {
    expect(judgeError(never, root(), new ConfigError('weight is -1'))).toBe('ignore');
  });

  it('ignores a timeout in which our loop stood still, and no other', () => {
    expect(judgeError(never, root(), new TimeoutError('t', 5, true))).toBe('ignore');
    expect(judgeError(classifyErrors, root(), new TimeoutError('t', 5, false))).toBe('failure');
  });

  it('ignores whatever becomes of a call whose caller left', () => {
    const controller = new AbortController();
    const call = root({ signal: controller.signal });
    expect(judgeError(classifyErrors, call, new Error('down'))).toBe('failure');
    controller.abort();
    expect(judgeError(never, call, new Error('down'))).toBe('ignore');
    expect(judgeError(never, call.child(1), new Error('down'))).toBe('ignore');
  });

  it('does not ignore what a timeout of ours aborted', () => {
    const call = root();
    call.abort(new TimeoutError('t', 5));
    expect(judgeError(classifyErrors, call, new Error('aborted'))).toBe('failure');
  });
});

describe('isOwnRejection', () => {
  it('knows its own kind', () => {
    const call = root();
    expect(isOwnRejection(call, new RejectedError('p', 'open', {}, call.id))).toBe(true);
    expect(isOwnRejection(call, new RejectedError('p', 'open', {}, call.id + 1))).toBe(false);
    expect(isOwnRejection(call, { origin: call.id })).toBe(false);
    expect(isOwnRejection(call, undefined)).toBe(false);
  });
});
