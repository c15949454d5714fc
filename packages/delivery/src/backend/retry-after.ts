const LONGEST_MS = 3_600_000;
// No date of any of the three formats is longer.
const LONGEST_HEADER = 64;
const SECONDS = /^\d{1,10}(?:\.\d{1,6})?$/;
// Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994 (RFC 9110, 5.6.7)
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? [\w :-]+$/;

/** The milliseconds that a `Retry-After` asks for, at most an hour; undefined where it asks for nothing that can be read. */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined || header.length > LONGEST_HEADER) return undefined;
  const text = header.trim();
  if (SECONDS.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  if (!DATE.test(text)) return undefined;
  // The third format names no zone, and means GMT all the same.
  const atMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(atMs) ? undefined : Math.min(Math.max(0, atMs - wallMs), LONGEST_MS);
}
