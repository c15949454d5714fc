import { IntakeError, type RefusedReason } from '../intake/intake.js';
import { LineError } from '../lines/normalize.js';
import type { WriteOutcome } from './metrics.js';

interface RefusalDetails {
  /** Headers that belong to the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Why the points are counted as refused; undefined: nobody knows of any, or intake counted them. */
  readonly reason?: RefusedReason;
  readonly cause?: unknown;
}

/** A request that is not served: what the client is told, and what is counted. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusCode: number;
  readonly outcome: WriteOutcome;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: RefusedReason | undefined;

  constructor(statusCode: number, outcome: WriteOutcome, message: string, details: RefusalDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.statusCode = statusCode;
    this.outcome = outcome;
    this.headers = details.headers ?? {};
    this.reason = details.reason;
  }
}

export const badRequest = (message: string): Refusal => new Refusal(400, 'bad-request', message);

export const busy = (message: string, retryAfterMs: number): Refusal =>
  new Refusal(429, 'busy', message, { headers: retryAfter(retryAfterMs) });

/** What the client is told of an error: a refusal as it is, refusals by others in our words, anything else as internal. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof LineError) return new Refusal(400, 'malformed', error.message, { reason: 'malformed' });
  if (error instanceof IntakeError) return fromIntake(error);
  return (
    fromHost(error) ?? new Refusal(500, 'failed', 'the points were not accepted: internal error', { cause: error })
  );
}

/** Refusals that pass are 429, so that the client keeps its points and comes again. */
function fromIntake(error: IntakeError): Refusal {
  const headers = retryAfter(error.retryAfterMs ?? 1_000);
  switch (error.reason) {
    case 'log-full':
    case 'disk-full':
    case 'overloaded':
      return new Refusal(429, 'busy', error.message, { headers });
    case 'malformed':
      return new Refusal(400, 'malformed', error.message);
    case 'too-large':
      return new Refusal(413, 'too-large', error.message);
    case 'own-handover':
      return new Refusal(421, 'own-handover', error.message);
    case 'unknown-lane':
      return new Refusal(409, 'unknown-lane', error.message);
    case 'aborted':
      return new Refusal(503, 'aborted', error.message, { headers });
    case 'disk-failed':
    case 'shutdown':
      return new Refusal(503, 'unavailable', error.message, { headers });
  }
}

/** The framework, or a hook of the program around: what says 4xx is for the client's eyes. */
function fromHost(error: unknown): Refusal | undefined {
  const { statusCode, message, headers } = (error ?? {}) as Partial<Refusal>;
  if (typeof statusCode !== 'number' || statusCode < 400) return undefined;
  if (statusCode === 503) return new Refusal(503, 'unavailable', String(message), { headers: headers ?? {} });
  if (statusCode >= 500) return undefined;
  const outcome = OUTCOMES[statusCode] ?? 'bad-request';
  return new Refusal(statusCode, outcome, String(message), { headers: headers ?? {} });
}

const OUTCOMES: Readonly<Record<number, WriteOutcome>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  413: 'too-large',
  415: 'unsupported',
  429: 'busy',
};

/** In whole seconds, as the header has them: never less than was asked for. */
const retryAfter = (ms: number): Record<string, string> => ({
  'retry-after': String(Math.max(1, Math.ceil(ms / 1_000))),
});
