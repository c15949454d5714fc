import type { Call } from './call.js';
import { ConfigError, RejectedError, TimeoutError } from './errors.js';
import type { Classify, Verdict } from './types.js';

/** The default: an error is a failure, a value is a success. */
export const classifyErrors: Classify = (outcome) => ('error' in outcome ? 'failure' : 'success');

/** For answers with an HTTP status: 429 and 5xx are failures although nothing was thrown. */
export const classifyHttp: Classify = (outcome) => {
  if ('error' in outcome) return 'failure';
  const status = httpStatus(outcome.value);
  return status !== undefined && (status >= 500 || status === 429) ? 'failure' : 'success';
};

function httpStatus(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { status, statusCode } = value as { status?: unknown; statusCode?: unknown };
  if (typeof status === 'number') return status;
  return typeof statusCode === 'number' ? statusCode : undefined;
}

export function judgeValue(classify: Classify, value: unknown): Verdict {
  return classify === classifyErrors ? 'success' : classify({ value });
}

/** A refusal by an inner policy of the same call, a wrong option, a stall of our own loop, and a caller who left, say nothing about the other side. */
export function judgeError(classify: Classify, call: Call, error: unknown): Verdict {
  if (isOwnRejection(call, error) || error instanceof ConfigError || call.abandoned) return 'ignore';
  if (error instanceof TimeoutError && error.stalled) return 'ignore';
  return classify({ error });
}

/** Whether `error` is a refusal by a policy of the very pipeline execution that `call` belongs to. */
export function isOwnRejection(call: Call, error: unknown): error is RejectedError {
  return error instanceof RejectedError && error.origin === call.id;
}
