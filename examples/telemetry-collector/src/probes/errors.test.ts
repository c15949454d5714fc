import { RejectedError, type RejectionReason, TimeoutError } from '@breakwater/resilience';
import { NameLookupError } from '@breakwater/resilience/http';
import { errors as undici } from 'undici';
import { describe, expect, it } from 'vitest';
import { toProbeError } from './errors.js';
import { ProbeError, type ProbeErrorCode } from './probe.js';

const coded = (code: string, message = 'what Node says') => Object.assign(new Error(message), { code });
const rejected = (reason: RejectionReason) => new RejectedError('pool', reason);

const TABLE: ReadonlyArray<readonly [ProbeErrorCode, string, unknown]> = [
  ['refused', 'a refused connection', coded('ECONNREFUSED')],
  [
    'refused',
    'every address refused',
    Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
  ],
  ['refused', 'the first of many errors', new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')])],
  ['reset', 'a reset', coded('ECONNRESET')],
  ['reset', 'a broken pipe', coded('EPIPE')],
  ['reset', 'a connection closed by the other side', new undici.SocketError('other side closed')],
  ['unreachable', 'no route', coded('EHOSTUNREACH')],
  ['unreachable', 'no network', coded('ENETUNREACH')],
  ['unreachable', 'a forbidden network', coded('EACCES')],
  ['timeout', "the kernel's own limit", coded('ETIMEDOUT')],
  ['timeout', 'a connect that took too long', new undici.ConnectTimeoutError()],
  ['timeout', 'headers that took too long', new undici.HeadersTimeoutError()],
  ['timeout', 'a body that took too long', new undici.BodyTimeoutError()],
  ['timeout', "the pipeline's timeout", new TimeoutError('timeout', 5_000)],
  ['timeout', 'a deadline that cannot be met', rejected('deadline')],
  ['truncated', 'a body shorter than announced', new undici.ResponseContentLengthMismatchError()],
  ['truncated', 'the end in the middle of the head', coded('HPE_INVALID_EOF_STATE')],
  ['malformed', 'what is no HTTP', coded('HPE_INVALID_CONSTANT')],
  ['malformed', 'what is no HTTP, without a code', new undici.HTTPParserError('no HTTP')],
  ['too-large', 'too many headers', new undici.HeadersOverflowError()],
  ['tls', 'an unknown issuer', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
  ['tls', 'a self-signed certificate', coded('DEPTH_ZERO_SELF_SIGNED_CERT')],
  ['tls', 'a self-signed issuer', coded('SELF_SIGNED_CERT_IN_CHAIN')],
  ['tls', 'an expired certificate', coded('CERT_HAS_EXPIRED')],
  ['tls', 'a certificate for another name', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['tls', 'what is no TLS', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
  ['tls', 'a broken handshake', coded('EPROTO')],
  ['dns', 'an unknown name', coded('ENOTFOUND')],
  ['dns', 'a name server that does not answer', new NameLookupError('a.test', 'ETIMEOUT')],
  ['dns', 'a name server that refuses connections', new NameLookupError('a.test', 'ECONNREFUSED')],
  ['aborted', 'a look-up that was ended', new NameLookupError('a.test', 'ECANCELLED')],
  ['aborted', 'an abort', new DOMException('aborted', 'AbortError')],
  ['aborted', "undici's abort", new undici.RequestAbortedError()],
  ['aborted', 'a caller who left', rejected('aborted')],
  ['rejected', 'a full queue', rejected('queue-full')],
  ['rejected', 'a pool that shuts down', rejected('shutdown')],
  ['internal', 'no file descriptor', coded('EMFILE')],
  ['internal', 'what nobody knows', new Error('a bug')],
  ['internal', 'what is no error', 'a text'],
  ['refused', 'the cause of an error that says nothing', new Error('fetch failed', { cause: coded('ECONNREFUSED') })],
];

describe('toProbeError', () => {
  it.each(TABLE)('names as %s: %s', (code, _what, error) => {
    const made = toProbeError(error, 'web-1.test:443');
    expect(made.code).toBe(code);
    expect(made.message).toMatch(/^web-1\.test:443: .+/);
    expect(made.cause).toBe(error);
  });

  it('says what happened, to whom, and what to do', () => {
    const error = coded('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443');
    expect(toProbeError(error, 'web-1.test:443').message).toBe(
      'web-1.test:443: nothing listens there; check that it runs and that the port is right (connect ECONNREFUSED 192.0.2.1:443)',
    );
  });

  it('leaves a ProbeError as it is', () => {
    const error = new ProbeError('auth', 'no');
    expect(toProbeError(error, 'web-1.test:443')).toBe(error);
  });

  it('follows causes no further than five', () => {
    const circle = new Error('round and round');
    circle.cause = circle;
    expect(toProbeError(circle, 'a').code).toBe('internal');
  });
});
