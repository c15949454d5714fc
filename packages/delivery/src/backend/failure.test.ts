import { RejectedError, TimeoutError } from '@breakwater/resilience';
import { NameLookupError } from '@breakwater/resilience/http';
import { describe, expect, it } from 'vitest';
import { judgeFailure } from './failure.js';

const failure = (code: string, message = `it failed: ${code}`) => Object.assign(new Error(message), { code });

describe('no answer', () => {
  it.each([
    [failure('ECONNREFUSED'), 'network', false],
    [failure('EHOSTUNREACH'), 'network', false],
    [failure('EMFILE'), 'network', false],
    [failure('UND_ERR_CONNECT_TIMEOUT'), 'timeout', false],
    [failure('UND_ERR_CLOSED'), 'network', false],
    [failure('CERT_HAS_EXPIRED'), 'network', false],
    [failure('ERR_TLS_CERT_ALTNAME_INVALID'), 'network', false],
    [new NameLookupError('influx.test', 'ENOTFOUND'), 'network', false],
    [new NameLookupError('influx.test', 'ETIMEOUT'), 'network', false],
    [new RejectedError('pool', 'queue-full'), 'network', false],
    [new RejectedError('pool', 'queue-timeout'), 'timeout', false],
    [failure('ECONNRESET'), 'network', true],
    [failure('EPIPE'), 'network', true],
    [failure('UND_ERR_SOCKET'), 'network', true],
    [failure('HPE_INVALID_CONSTANT'), 'network', true],
    [failure('ETIMEDOUT'), 'timeout', true],
    [failure('UND_ERR_HEADERS_TIMEOUT'), 'timeout', true],
    [failure('UND_ERR_BODY_TIMEOUT'), 'timeout', true],
    [new TimeoutError('backend', 50), 'timeout', true],
    [new Error('anything else'), 'network', true],
    ['no error at all', 'network', true],
  ] as const)('%s holds the backend for %s; may be stored: %s', (error, reason, mayBeStored) => {
    expect(judgeFailure(error, true, [])).toEqual({
      kind: 'hold',
      reason,
      words: expect.stringMatching(/./),
      scope: 'backend',
      mayBeStored,
    });
    expect(judgeFailure(error, false, [])).toMatchObject({ reason, mayBeStored: false });
  });

  it('says why, without secrets', () => {
    expect(judgeFailure(failure('X', 'no s3cret\nhere'), true, ['s3cret'])).toMatchObject({
      words: 'no [secret] here',
    });
    expect(judgeFailure(failure('EPIPE', ''), true, [])).toMatchObject({ words: 'EPIPE' });
    expect(judgeFailure(new Error(''), true, [])).toMatchObject({ words: 'no answer' });
  });
});
