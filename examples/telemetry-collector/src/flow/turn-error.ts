import { ProbeError } from '../probes/probe.js';
import type { TurnError, TurnErrorCode } from './turn.js';

const LONGEST_MESSAGE = 300;

/** Names an error for people and metrics: what is no ProbeError is a fault of the probe's code. */
export function toTurnError(error: unknown): TurnError {
  if (error instanceof ProbeError) return turnError(error.code, error.message);
  return turnError('internal', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

export function turnError(code: TurnErrorCode, message: string): TurnError {
  return { code, message: presentable(message) };
}

/** One line without control characters (terminal escapes too) and without the credentials of a URL, cut to 300 characters. */
export function presentable(text: string): string {
  const line = text
    .slice(0, 4 * LONGEST_MESSAGE)
    .replace(/\/\/[^/@\s]*@/g, '//***@')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 1)}…` : line;
}
