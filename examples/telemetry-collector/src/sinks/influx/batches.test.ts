import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, halves } from './batches.js';

const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 40 });

describe('batches of lines', () => {
  it('hold all lines in order, keep both limits, and could not be fewer by taking the next line too', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 60 }), (all, maxLines, maxBytes) => {
        const batches = batchesOf(all, maxLines, maxBytes);
        expect(batches.flatMap((batch) => batch.lines)).toEqual(all);
        for (const [index, batch] of batches.entries()) {
          expect(batch.bytes).toBe(Buffer.byteLength(batch.lines.map((line) => `${line}\n`).join('')));
          expect(batch.lines.length).toBeLessThanOrEqual(maxLines);
          if (batch.lines.length > 1) expect(batch.bytes).toBeLessThanOrEqual(maxBytes);
          const next = batches[index + 1];
          if (next === undefined) continue;
          const withNext = batch.bytes + Buffer.byteLength(next.lines[0]!) + 1;
          expect(batch.lines.length === maxLines || withNext > maxBytes).toBe(true);
        }
      }),
    );
  });

  it('are halved in the middle', () => {
    fc.assert(
      fc.property(
        lines.filter(({ length }) => length > 1),
        (all) => {
          const [whole] = batchesOf(all, all.length, Number.POSITIVE_INFINITY);
          const [first, second] = halves(whole!);
          expect([...first.lines, ...second.lines]).toEqual(all);
          expect(Math.abs(first.lines.length - second.lines.length)).toBeLessThanOrEqual(1);
          expect(first.bytes + second.bytes).toBe(whole!.bytes);
        },
      ),
    );
  });
});
