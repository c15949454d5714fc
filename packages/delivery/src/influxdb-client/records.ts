import { LineError, type Lines, type NormalizeOptions, normalizeLines } from '../lines/normalize.js';

export interface BadRecord {
  readonly record: string;
  readonly error: LineError;
}

/** One string and one buffer for all records: per record it costs next to nothing. */
export const toLines = (records: readonly string[], options: NormalizeOptions): Lines[] =>
  normalizeLines(Buffer.from(records.join('\n')), options);

/** The good ones as lines, and the bad ones; each is looked at alone. */
export function sortRecords(
  records: readonly string[],
  options: NormalizeOptions,
): { lines: Lines[]; good: readonly string[]; bad: readonly BadRecord[] } {
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
