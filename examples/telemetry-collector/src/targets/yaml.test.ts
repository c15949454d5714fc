import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Document, parse, stringify } from 'yaml';
import { Mistakes } from './mistakes.js';
import { readList } from './yaml.js';

async function read(text: string): Promise<{ header: unknown; entries: unknown[] }> {
  const mistakes = new Mistakes(text);
  const documents: Document.Parsed[] = [];
  const header = await readList(text, 'list', (entry, index) => (documents[index] = entry), mistakes);
  for (const { errors } of header === undefined ? documents : [...documents, header]) {
    for (const { pos, message } of errors) mistakes.add(pos[0], '', message);
  }
  if (mistakes.any) throw mistakes.toError('text');
  return { header: header?.toJS(), entries: documents.map((entry): unknown => entry.toJS()) };
}

function isReadable(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

const scalar = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.integer(), fc.boolean(), fc.constant(null));
// Plain words as keys: the list's own key must not occur twice, and nobody means __proto__.
const key = fc.stringMatching(/^[a-k][a-z]{0,6}$/);
const entry = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const style = fc.record({
  collectionStyle: fc.constantFrom('any', 'block', 'flow') as fc.Arbitrary<'any' | 'block' | 'flow'>,
  lineWidth: fc.constantFrom(0, 20, 80),
  defaultStringType: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE') as fc.Arbitrary<'PLAIN' | 'QUOTE_DOUBLE'>,
});

describe('reading a list in slices', () => {
  it('finds what reading the whole document finds, in whatever style it is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 8 }),
        fc.dictionary(key, entry, { maxKeys: 2 }),
        fc.dictionary(key, entry, { maxKeys: 2 }),
        style,
        async (list, above, below, written) => {
          const rest = { ...above, ...below };
          const text = stringify({ ...above, list, ...below }, { ...written, aliasDuplicateObjects: false });
          fc.pre(isReadable(text)); // stringify writes an empty list in block style as nothing that can be read
          const { list: expected, ...expectedRest } = parse(text) as { list: unknown[] };
          expect(await read(text)).toEqual({ header: { ...expectedRest, list: [] }, entries: expected });
          expect(Object.keys(expectedRest).sort()).toEqual(Object.keys(rest).sort());
        },
      ),
      { numRuns: 120 },
    );
  });

  it('refuses whatever the whole document would be refused for', async () => {
    const pieces = fc.constantFrom(
      '- ',
      '  ',
      '{',
      '}',
      '[',
      ']',
      ',',
      ': ',
      'a',
      '"',
      '\n',
      '\n  ',
      '#',
      ' # ',
      '|\n',
      "'",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 14 }), async (written) => {
        const text = `list:\n  - a\n${written.join('')}`;
        // More may be refused, such as pairs without braces. What is accepted is what the whole says.
        const sliced = await read(text).catch(() => undefined);
        if (sliced === undefined) return;
        const { list } = parse(text) as { list: unknown };
        expect(sliced.entries).toEqual(list);
      }),
      { numRuns: 600 },
    );
  });

  it('lets others run meanwhile', async () => {
    let turns = 0;
    let isReading = true;
    const spin = (): void => {
      turns++;
      if (isReading) setImmediate(spin);
    };
    setImmediate(spin);
    await read(`list:\n${'  - { name: a, probe: host, labels: { a: b } }\n'.repeat(3_000)}`);
    isReading = false;
    expect(turns).toBeGreaterThan(5);
  });
});
