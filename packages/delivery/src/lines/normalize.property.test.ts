import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyBody, BROKEN_LINES, validBody, validLine } from './grammar.suite.js';
import { LineError, normalizeLines } from './normalize.js';
import { splitLines } from './split.js';

const nowNs = 1_704_067_200_123_456_789n;

describe('normalizeLines', () => {
  it('accepts every valid body', () => {
    fc.assert(
      fc.property(validBody, ({ body, precision, points }) => {
        const pieces = normalizeLines(body, { precision, nowNs });
        expect(pieces.reduce((sum, piece) => sum + piece.points, 0)).toBe(points);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(BROKEN_LINES)('refuses %j', (line) => {
    expect(() => normalizeLines(Buffer.from(line), { precision: 'ns', nowNs })).toThrow(LineError);
  });

  it('changes nothing when it sees its own output', () => {
    fc.assert(
      fc.property(anyBody, ({ body, precision }) => {
        let pieces: ReturnType<typeof normalizeLines>;
        try {
          pieces = normalizeLines(body, { precision, nowNs });
        } catch (error) {
          expect(error).toBeInstanceOf(LineError);
          return;
        }
        const once = Buffer.concat(pieces.map((piece) => piece.body));
        const again = normalizeLines(once, { precision: 'ns', nowNs });
        expect(Buffer.concat(again.map((piece) => piece.body)).equals(once)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('splits into the lines it counted', () => {
    fc.assert(
      fc.property(fc.array(validLine('ns'), { maxLength: 6 }), fc.integer({ min: 1, max: 4 }), (lines, maxPoints) => {
        const body = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
        const pieces = normalizeLines(body, { precision: 'ns', nowNs, maxPoints });
        for (const piece of pieces) {
          expect(splitLines(piece.body)).toHaveLength(piece.points);
          expect(piece.points).toBeLessThanOrEqual(maxPoints);
        }
        expect(pieces.reduce((sum, piece) => sum + piece.points, 0)).toBe(lines.length);
      }),
    );
  });
});
