import { RejectedError, TimeoutError } from '@breakwater/resilience';
import { NameLookupError } from '@breakwater/resilience/http';
import type { Answer } from './backend.js';
import { shortLine } from './words.js';

/** The request has not left this machine, or was not taken. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENFILE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_INVALID_ARG',
]);
const TIMEOUTS = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** What it means that there was no answer. `wasSent`: the points had been handed to the pool. */
export function judgeFailure(error: unknown, wasSent: boolean, secrets: readonly string[]): Answer {
  const code = codeOf(error);
  const isTimeout =
    error instanceof TimeoutError ||
    (error instanceof RejectedError && error.reason === 'queue-timeout') ||
    (code !== undefined && TIMEOUTS.has(code));
  const text = error instanceof Error ? error.message : String(error);
  const words = shortLine(text === '' ? (code ?? 'no answer') : text, secrets);
  const mayBeStored = wasSent && !neverLeft(error, code);
  return { kind: 'hold', reason: isTimeout ? 'timeout' : 'network', words, scope: 'backend', mayBeStored };
}

function neverLeft(error: unknown, code: string | undefined): boolean {
  if (error instanceof RejectedError || error instanceof NameLookupError) return true;
  return (
    code !== undefined && (NOT_SENT.has(code) || /^(?:ERR_TLS_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code))
  );
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
