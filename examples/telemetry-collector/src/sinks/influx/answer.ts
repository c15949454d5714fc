import type { LostReason } from '../sink-error.js';

/** The head of an answer and the beginning of its body. */
export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** What an answer means for the lines that were sent. */
export type Answer =
  | { readonly kind: 'stored' }
  /** At least one of them cannot be stored. On 1.x the others were, on 2.x none was. */
  | { readonly kind: 'bad-lines'; readonly words: string }
  | { readonly kind: 'too-large'; readonly words: string }
  /** There is no such page: the server speaks the other dialect, or is no InfluxDB. */
  | { readonly kind: 'no-page'; readonly words: string }
  | FailedAnswer;

export interface FailedAnswer {
  readonly kind: 'failed';
  readonly reason: LostReason;
  readonly words: string;
  /** The same request may well succeed later. */
  readonly isTransient: boolean;
  /** Read by retry and breaker, as they read the headers of any answer. */
  readonly headers: { readonly 'retry-after': string | undefined };
}

/** The one 400 of 2.x that is not about the lines. */
const NO_ORG = /please provide either orgID or org\b/i;

export function judgeAnswer(answer: RawAnswer): Answer {
  const { status, contentType } = answer;
  const words = `${status} ${wordsOf(answer)}`.trimEnd();
  const failed = (reason: LostReason, isTransient = false): FailedAnswer => {
    return { kind: 'failed', reason, words, isTransient, headers: { 'retry-after': answer.retryAfter } };
  };
  // No InfluxDB talks HTML: whatever it says, it is something in front of it or in its place.
  if (status < 300 && contentType.startsWith('text/html')) return failed('unexpected-answer');
  if (status >= 200 && status < 300) return { kind: 'stored' };
  switch (status) {
    case 400:
      return NO_ORG.test(answer.body) ? failed('not-found') : { kind: 'bad-lines', words };
    case 422:
      return { kind: 'bad-lines', words };
    case 413:
      return { kind: 'too-large', words };
    case 401:
    case 403:
      return failed('auth');
    case 404:
      // Where the page exists, and the database or bucket does not, the answer is JSON.
      return contentType.startsWith('text/plain') ? { kind: 'no-page', words } : failed('not-found');
    case 408:
    case 429:
    case 503:
      return failed('overloaded', true);
    default:
      return status >= 500 ? failed('server-error', true) : failed('unexpected-answer');
  }
}

const MAX_WORDS = 200;

/** What the server says, in one short line. */
function wordsOf({ body, contentType }: RawAnswer): string {
  const text = contentType.startsWith('text/html') ? '' : (messageIn(body) ?? body);
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
}

/** `{"error": …}` of 1.x, `{"message": …}` of 2.x. */
function messageIn(body: string): string | undefined {
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    const words = message ?? error;
    return typeof words === 'string' ? words : undefined;
  } catch {
    // No JSON, or only its beginning.
    return undefined;
  }
}
