/** Why a request was not served. Bounded, and stable: clients may branch on it. */
export type ProblemReason =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'unknown-target'
  | 'not-owner'
  | 'method-not-allowed'
  | 'too-large'
  | 'unsupported-media-type'
  | 'too-many-requests'
  | 'draining'
  | 'not-ready'
  | 'timeout'
  | 'internal';

/** A request that is answered with an error: a status, a reason for programs and a message for people. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly statusCode: number;
  readonly reason: ProblemReason;
  /** Headers that belong to the answer, such as Retry-After. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    reason: ProblemReason,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.statusCode = statusCode;
    this.reason = reason;
    this.headers = headers;
  }

  body(): { error: { reason: ProblemReason; message: string } } {
    return { error: { reason: this.reason, message: this.message } };
  }
}

const REASONS: Readonly<Record<number, ProblemReason>> = {
  400: 'bad-request',
  404: 'not-found',
  408: 'timeout',
  413: 'too-large',
  415: 'unsupported-media-type',
  431: 'too-large',
};

/** What a client is told of an error: a problem as it is, the framework's refusals in our shape, anything else as internal. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Problem(statusCode, REASONS[statusCode] ?? 'bad-request', String(message));
  }
  return new Problem(500, 'internal', 'the collector could not serve this request; its log says why');
}
