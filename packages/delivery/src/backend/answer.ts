import type { Answer, Dialect, HoldReason } from './backend.js';
import { retryAfterMs } from './retry-after.js';
import { isHtml, messageOf, shortLine } from './words.js';

/** The head of an answer and the beginning of its body. */
export interface RawAnswer {
  readonly status: number;
  /** Empty where it has none. */
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  /** At most 8 KiB of it. */
  readonly body: string;
}

export interface JudgeContext {
  readonly dialect: Dialect;
  /** Milliseconds since the epoch, for dates in `Retry-After`. */
  readonly wallMs: number;
  /** What must not be repeated. */
  readonly secrets: readonly string[];
}

/** The 400s that are about the destination and not about the lines, which may quote anything. */
const NO_DESTINATION = /^(?:please provide either orgID or org\b|database is required)/i;
/** Where 1.x says 500, though all that is wrong is a name. */
const NO_RETENTION_POLICY = /^retention policy not found/i;
/** VictoriaMetrics has no 404. */
const NO_PATH = /unsupported path requested: "[^"]*"\s*$/i;

/** What an answer means for the points that were sent. */
export function judgeAnswer(raw: RawAnswer, { dialect, wallMs, secrets }: JudgeContext): Answer {
  const { status, contentType } = raw;
  const message = messageOf(contentType, raw.body);
  const words = shortLine(`${status} ${message}`, secrets);
  const hold = (reason: HoldReason, scope: 'backend' | 'destination' = 'backend', mayBeStored = false): Answer => {
    const wait = retryAfterMs(raw.retryAfter, wallMs);
    return { kind: 'hold', reason, words, scope, mayBeStored, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  };
  // Nothing that stores points talks HTML: it is something in front of the server or in its place.
  if (status >= 200 && status < 300) return isHtml(contentType) ? hold('unexpected-answer') : { kind: 'stored' };
  switch (status) {
    case 400:
    case 422:
      if (NO_DESTINATION.test(message)) return hold('not-found', 'destination');
      if (dialect === 'victoria-metrics' && NO_PATH.test(message)) return hold('not-found');
      return isAboutLines(contentType, dialect) ? { kind: 'bad-lines', words } : hold('unexpected-answer');
    case 413:
      return { kind: 'too-large', words };
    case 401:
      return hold('unauthorized');
    case 403:
      return hold('forbidden', 'destination');
    case 404:
      return hold('not-found', 'destination');
    case 408:
      return hold('timeout');
    case 429:
    case 503:
      return hold('overloaded');
    case 500:
      if (NO_RETENTION_POLICY.test(message)) return hold('not-found', 'destination');
      break;
  }
  return status >= 500 && status < 600 ? hold('server-error', 'backend', true) : hold('unexpected-answer');
}

/** A 400 without it is a proxy's, or that of a TLS port which was spoken to in plain: no line is bad because of that. */
function isAboutLines(contentType: string, dialect: Dialect): boolean {
  return (dialect === 'victoria-metrics' ? /^(?:application\/json|text\/plain)/i : /^application\/json/i).test(
    contentType,
  );
}

/** Whether there is no such page: the server speaks another dialect, or stores no points. */
export const isNoPage = ({ status, contentType }: RawAnswer): boolean =>
  status === 404 && /^text\/plain/i.test(contentType);
