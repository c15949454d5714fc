import { RejectedError, TimeoutError } from '@breakwater/resilience';
import { NameLookupError } from '@breakwater/resilience/http';
import { ProbeError, type ProbeErrorCode } from './probe.js';

type Explanation = readonly [ProbeErrorCode, string];

const DNS: Explanation = ['dns', 'its name could not be looked up; check the name and the name server'];
const RESET: Explanation = ['reset', 'it closed the connection without an answer; see its logs'];
const REFUSED: Explanation = ['refused', 'nothing listens there; check that it runs and that the port is right'];
const UNREACHABLE: Explanation = ['unreachable', 'no route to it; check the network and the address'];
const TIMEOUT: Explanation = ['timeout', 'no answer in time; check that it is up, or raise its timeout'];
const TRUNCATED: Explanation = ['truncated', 'it closed the connection in the middle of the answer; see its logs'];
const MALFORMED: Explanation = ['malformed', 'what it answers is not HTTP; check the port and the scheme'];
const TOO_LARGE: Explanation = ['too-large', 'its answer has more headers than are accepted'];
const FILES: Explanation = [
  'internal',
  'this process has no file descriptor left; raise its limit or lower MAX_CONNECTIONS',
];
const ABORTED: Explanation = ['aborted', 'the run was ended before it had an answer'];

/** Error codes of Node's sockets, c-ares and undici. */
const BY_CODE: ReadonlyMap<string, Explanation> = new Map([
  ['ECONNREFUSED', REFUSED],
  ['ECONNRESET', RESET],
  ['ECONNABORTED', RESET],
  ['EPIPE', RESET],
  ['UND_ERR_SOCKET', RESET],
  ['EHOSTUNREACH', UNREACHABLE],
  ['EHOSTDOWN', UNREACHABLE],
  ['ENETUNREACH', UNREACHABLE],
  ['ENETDOWN', UNREACHABLE],
  ['EADDRNOTAVAIL', UNREACHABLE],
  ['EACCES', UNREACHABLE],
  ['EPERM', UNREACHABLE],
  ['ETIMEDOUT', TIMEOUT],
  ['UND_ERR_CONNECT_TIMEOUT', TIMEOUT],
  ['UND_ERR_HEADERS_TIMEOUT', TIMEOUT],
  ['UND_ERR_BODY_TIMEOUT', TIMEOUT],
  ['UND_ERR_HEADERS_OVERFLOW', TOO_LARGE],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', TRUNCATED],
  ['HPE_INVALID_EOF_STATE', TRUNCATED],
  ['HPE_HEADER_OVERFLOW', TOO_LARGE],
  ['ENOTFOUND', DNS],
  ['ENODATA', DNS],
  ['ESERVFAIL', DNS],
  ['EFORMERR', DNS],
  ['ENOTIMP', DNS],
  ['EREFUSED', DNS],
  ['EBADNAME', DNS],
  ['EBADRESP', DNS],
  ['ETIMEOUT', DNS],
  ['EAI_AGAIN', DNS],
  ['EMFILE', FILES],
  ['ENFILE', FILES],
  ['ABORT_ERR', ABORTED],
  ['UND_ERR_ABORTED', ABORTED],
  ['ECANCELLED', ABORTED],
]);

const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH|EPROTO$)/;

/** How deep a chain of causes is followed: an error may name itself as its cause. */
const DEPTH = 5;

/** Says in a probe's terms what went wrong with `host`. What is a ProbeError already stays as it is. */
export function toProbeError(error: unknown, host: string): ProbeError {
  if (error instanceof ProbeError) return error;
  const [code, advice] = explain(error, DEPTH);
  return new ProbeError(code, `${host}: ${advice}${detail(error)}`, { cause: error });
}

function explain(error: unknown, depth: number): Explanation {
  if (error instanceof ProbeError) return [error.code, error.message];
  if (error instanceof TimeoutError) return TIMEOUT;
  if (error instanceof RejectedError) return rejection(error);
  // Some of its codes are those of sockets, too.
  if (error instanceof NameLookupError) return error.code === 'ECANCELLED' ? ABORTED : DNS;
  const code = codeOf(error);
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  if (TLS_CODE.test(code))
    return ['tls', `no trusted TLS connection (${code}); check its certificate and this machine's clock`];
  // Where undici's parser has no error code of llhttp, it has words.
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError')) return MALFORMED;
  const inner = error instanceof AggregateError ? error.errors[0] : error instanceof Error ? error.cause : undefined;
  if (inner !== undefined && depth > 0) return explain(inner, depth - 1);
  return ['internal', 'the probe failed in a way it does not know'];
}

function rejection(error: RejectedError): Explanation {
  if (error.reason === 'deadline') return TIMEOUT;
  if (error.reason === 'aborted') return ABORTED;
  return ['rejected', 'it was not asked'];
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code } = error as { code?: unknown };
  return typeof code === 'string'
    ? code
    : error instanceof DOMException && error.name === 'AbortError'
      ? 'ABORT_ERR'
      : '';
}

/** The original's own words, which name addresses and ports; of an unknown error they are all there is. */
function detail(error: unknown): string {
  const message =
    error instanceof AggregateError && error.message === '' ? error.errors.map(text).join('; ') : text(error);
  return message === '' ? '' : ` (${message})`;
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
