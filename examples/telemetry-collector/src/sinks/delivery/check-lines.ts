import { LineError, type Lines, normalizeLines } from '@breakwater/delivery';

/** What can go into the log, in pieces, and how much cannot. */
export interface CheckedLines {
  readonly pieces: readonly Lines[];
  readonly points: number;
  readonly bytes: number;
  readonly refused: number;
  /** What is wrong with the first line that was refused. */
  readonly firstError: string | undefined;
}

/** Checks lines: one that is no line protocol is left out, and takes no other with it. */
export function checkLines(lines: readonly string[], nowMs: number): CheckedLines {
  const options = { precision: 'ns', nowNs: BigInt(Math.trunc(nowMs)) * 1_000_000n } as const;
  const check = (some: readonly string[]): Lines[] => normalizeLines(Buffer.from(`${some.join('\n')}\n`), options);
  try {
    return summed(check(lines), 0, undefined);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const good = lines.filter((line) => isGood(() => check([line])));
    return summed(good.length === 0 ? [] : check(good), lines.length - good.length, error.message);
  }
}

function isGood(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof LineError) return false;
    throw error;
  }
}

function summed(pieces: readonly Lines[], refused: number, firstError: string | undefined): CheckedLines {
  let points = 0;
  let bytes = 0;
  for (const piece of pieces) {
    points += piece.points;
    bytes += piece.body.length;
  }
  return { pieces, points, bytes, refused, firstError };
}
