import type { Outcome } from '../core/types.js';

// No date of any of the three formats is longer.
const LONGEST_HEADER = 64;
const SECONDS = /^\d{1,10}(?:\.\d{1,6})?$/;
// Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994 (RFC 9110, 5.6.7)
const DATE = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? [\w :-]+$/;

/**
 * The milliseconds that an answer or an error asks to wait: its `retryAfterMs`, or the `Retry-After` of its `headers` or
 * of its `response`'s headers, in seconds or as an HTTP date (RFC 9110, 10.2.3). Undefined if it asks for nothing that can
 * be read.
 */
export function retryAfterMs(outcome: Outcome, wallMs: number): number | undefined {
  const subject = 'error' in outcome ? outcome.error : outcome.value;
  const asked = field(subject, 'retryAfterMs');
  if (typeof asked === 'number' && asked >= 0) return asked;
  const header = headerOf(field(subject, 'headers')) ?? headerOf(field(field(subject, 'response'), 'headers'));
  return header === undefined ? undefined : parse(header, wallMs);
}

function parse(header: string, wallMs: number): number | undefined {
  if (header.length > LONGEST_HEADER) return undefined;
  const text = header.trim();
  if (SECONDS.test(text)) return Number(text) * 1000;
  if (!DATE.test(text)) return undefined;
  // The third format names no zone, and means GMT all the same.
  const atMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - wallMs);
}

/** From Headers, a Map, or a plain object with names in any case and one or several values. */
function headerOf(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  if (typeof get === 'function') return first(get.call(headers, 'retry-after'));
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === 'retry-after') return first((headers as Record<string, unknown>)[name]);
  }
  return undefined;
}

function first(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof one === 'number') return String(one);
  return typeof one === 'string' ? one : undefined;
}

const field = (subject: unknown, name: string): unknown =>
  typeof subject === 'object' && subject !== null ? (subject as Record<string, unknown>)[name] : undefined;
