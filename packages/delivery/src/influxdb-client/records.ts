import { LineError, type Lines, type NormalizeOptions, normalizeLines } from '../lines/normalize.js';

export interface BadRecord {
  readonly record: string;
  readonly error: LineError;
}

/** One string and one buffer for all records: per record it costs next to nothing. */
export const toLines = (records: readonly string[], options: NormalizeOptions): Lines[] =>
  normalizeLines(Buffer.from(records.join('\n')), options);

const NEWLINE = 0x0a;

/**
 * Lines that the client's `Point` has made, each with a timestamp in nanoseconds: what it escapes or quotes has a backslash
 * or a quote, and where there is neither, only the number of lines is left to check. Undefined: they are to be read.
 */
export function pointLines(records: readonly string[], { maxPoints, maxBytes }: PieceLimits): Lines[] | undefined {
  if (records.length === 0 || records.length > maxPoints) return undefined;
  const text = `${records.join('\n')}\n`;
  if (text.includes('\\') || text.includes('"')) return undefined;
  const body = Buffer.from(text);
  if (body.length > maxBytes) return undefined;
  let lines = 0;
  for (let at = body.indexOf(NEWLINE); at !== -1; at = body.indexOf(NEWLINE, at + 1)) lines++;
  return lines === records.length ? [{ body, points: lines }] : undefined;
}

export interface PieceLimits {
  readonly maxPoints: number;
  readonly maxBytes: number;
}

/** The good ones as lines, and the bad ones. */
export function sortRecords(
  records: readonly string[],
  options: NormalizeOptions,
): { lines: Lines[]; good: readonly string[]; bad: readonly BadRecord[] } {
  try {
    return { lines: toLines(records, options), good: records, bad: [] };
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
  }
  const good: string[] = [];
  const bad: BadRecord[] = [];
  for (const record of records) {
    try {
      toLines([record], options);
      good.push(record);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      bad.push({ record, error });
    }
  }
  return { lines: toLines(good, options), good, bad };
}
