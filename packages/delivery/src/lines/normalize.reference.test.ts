import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyLine, anyPrecision } from './grammar.suite.js';
import { LineError, normalizeLines, type Precision } from './normalize.js';
import { readLine } from './reference.suite.js';
import { lineEnd } from './split.js';

const nowNs = 1_704_067_200_123_456_789n;
const UNITS: Record<Precision, bigint> = {
  ns: 1n,
  n: 1n,
  us: 1_000n,
  u: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

function normalized(line: Buffer, precision: Precision): string | undefined {
  try {
    return normalizeLines(line, { precision, nowNs })
      .map((piece) => piece.body.toString('latin1'))
      .join('');
  } catch (error) {
    if (error instanceof LineError) return undefined;
    throw error;
  }
}

/** The same by the slow parser; undefined: refused. */
function expected(line: Buffer, precision: Precision): string | undefined {
  const text = line.toString('latin1').replace(/\r$/, '');
  if (/^[ \t\0]*(?:#|$)/.test(text)) return '';
  const reading = readLine(text);
  if ('refused' in reading) return undefined;
  const { key, fields, time } = reading;
  const instant = time === undefined ? nowNs - (nowNs % UNITS[precision]) : BigInt(time) * UNITS[precision];
  if (instant > 2n ** 63n - 2n || instant < -(2n ** 63n) + 2n) return undefined;
  const output = `${key} ${fields} ${instant}\n`;
  // What InfluxDB would join with its neighbours is refused.
  return lineEnd(Buffer.from(output, 'latin1'), 0) === output.length - 1 ? output : undefined;
}

it('says of every line what a slow and obvious parser says', () => {
  fc.assert(
    fc.property(
      anyPrecision.chain((precision) => anyLine(precision).map((line) => ({ precision, line }))),
      ({ precision, line }) => {
        fc.pre(lineEnd(line, 0) === line.length && !/^[ \t\0]*#[^\n]*\n/.test(line.toString('latin1')));
        expect(normalized(line, precision)).toBe(expected(line, precision));
        const ended = Buffer.concat([line, Buffer.from('\n')]);
        // A backslash escapes the last byte but one of a body, not the last.
        if (lineEnd(ended, 0) === line.length) expect(normalized(ended, precision)).toBe(expected(line, precision));
      },
    ),
    { numRuns: 4_000 },
  );
}, 180_000);
