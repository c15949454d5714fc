import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordBuffer } from './record-buffer.js';

describe('RecordBuffer', () => {
  it('holds what was added, as bytes and as texts, batch after batch', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('', '\n', 'a\nb'),
    );
    fc.assert(
      fc.property(fc.array(fc.array(text, { maxLength: 100 }), { maxLength: 4 }), (batches) => {
        const buffer = new RecordBuffer();
        for (const records of batches) {
          for (const record of records) buffer.add(record);
          expect(buffer.count).toBe(records.length);
          expect(buffer.chars).toBe(records.reduce((sum, { length }) => sum + length + 1, 0));
          const taken = buffer.take();
          expect(taken.body.toString()).toBe(records.map((record) => `${record}\n`).join(''));
          expect(taken.texts()).toEqual(records);
          expect([buffer.count, buffer.chars]).toEqual([0, 0]);
        }
      }),
    );
  });

  it('leaves what was taken alone', () => {
    const buffer = new RecordBuffer();
    const long = 'x'.repeat(100_000);
    buffer.add(long);
    const taken = buffer.take();
    buffer.add('other');
    buffer.take();
    expect(taken.texts()).toEqual([long]);
  });
});
