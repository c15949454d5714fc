import { Point as ClientPoint } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldValue } from '../probes/probe.js';
import { fieldsText, joinTags, nameText, tagTexts, type Unwritable } from './line.js';
import { parseLine } from './line-parser.suite.js';

interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly timestamp: bigint;
}

function toLine({ measurement, tags, fields, timestamp }: Point, onUnwritable?: (why: Unwritable) => void): string {
  const tagText = joinTags(tagTexts(tags), []);
  return `${nameText(measurement)}${tagText} ${fieldsText(fields, onUnwritable)} ${timestamp}`;
}

const STAMP = 1_763_784_000_000_000_000n;
const point = (parts: Partial<Point>): Point => ({
  measurement: 'm',
  tags: {},
  fields: { value: 1 },
  timestamp: STAMP,
  ...parts,
});

/** Text of the characters that make trouble. */
const awkward = fc.string({
  unit: fc.constantFrom(...'\\,= "#\n\r\ta1i', 'ä', '\u{1f4a1}', '\0', '\u2028'),
  maxLength: 8,
});
const named = awkward.filter((text) => text !== '');
/** Keys that stay different, and that JavaScript does not put into an order of its own. */
const dictionary = <T>(values: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(named, values), { maxLength: 4, selector: ([key]) => inNames(key, ',= ') });
const fieldValue = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  awkward,
);

/** What becomes of a name, character by character: line ends get visible, backslashes that would escape do not. */
function inNames(text: string, special: string): string {
  const chars = [...text];
  for (let index = chars.length - 1; index >= 0; index--) {
    const next = chars[index + 1];
    const wasSlash = next === '/' && [...text][index + 1] === '\\';
    if (chars[index] === '\\' && (next === undefined || special.includes(next) || wasSlash)) chars[index] = '/';
  }
  return inText(chars.join(''));
}
const inText = (text: string): string => text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');

describe('line protocol', () => {
  it('writes a point', () => {
    const tags = { target: 'web-1', probe: 'http', site: 'fra1' };
    const fields = { status: 200n, seconds: 0.25, whole: 5, ok: true, text: 'say "hi" \\o/' };
    expect(toLine(point({ measurement: 'http', tags, fields }))).toBe(
      'http,probe=http,site=fra1,target=web-1 status=200i,seconds=0.25,whole=5,ok=true,text="say \\"hi\\" \\\\o/" 1763784000000000000',
    );
  });

  it.each([
    ['blanks, commas and equals signs', 'a b,c=d', 'm,a\\ b\\,c\\=d=a\\ b\\,c\\=d'],
    ['a backslash inside', 'a\\b', 'm,a\\b=a\\b'],
    ['a backslash at the end', 'C:\\', 'm,C:/=C:/'],
    ['backslashes before a blank', 'a\\\\ b', 'm,a//\\ b=a//\\ b'],
    ['line ends and tabs', 'a\r\n\tb', 'm,a\\r\\n\\tb=a\\r\\n\\tb'],
  ])('escapes %s in tags', (_what, text, written) => {
    expect(toLine(point({ tags: { [text]: text } }))).toBe(`${written} value=1 ${STAMP}`);
  });

  it('escapes measurements, where an equals sign is nothing special', () => {
    expect(toLine(point({ measurement: '#a b,c=d\\' }))).toBe(`_a\\ b\\,c=d/ value=1 ${STAMP}`);
  });

  it('writes a name once, though two names become the same', () => {
    const names = { 'a/': 'first', 'a\\': 'second' };
    expect(toLine(point({ tags: names, fields: names }))).toBe(`m,a/=first a/="first" ${STAMP}`);
  });

  it('leaves out tags without a key or a value', () => {
    expect(toLine(point({ tags: { a: '', '': 'x', b: 'y' } }))).toBe(`m,b=y value=1 ${STAMP}`);
  });

  it('leaves out what has no form, and says why', () => {
    const why: Unwritable[] = [];
    const fields = { a: Number.NaN, b: 1, c: Number.NEGATIVE_INFINITY, d: 2n ** 63n, e: -(2n ** 63n), '': 1 };
    expect(toLine(point({ fields }), (reason) => why.push(reason))).toBe(`m b=1,e=-9223372036854775808i ${STAMP}`);
    expect(why).toEqual(['not-finite', 'not-finite', 'out-of-range', 'unnamed']);
    expect(fieldsText({ a: Number.NaN })).toBe('');
  });

  it.each([
    [-0, '0'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('writes the number %d', (value, text) => {
    expect(toLine(point({ fields: { value } }))).toBe(`m value=${text} ${STAMP}`);
  });

  it('is read back as it was meant, whatever the text, and never in two ways', () => {
    fc.assert(
      fc.property(
        named,
        dictionary(awkward),
        dictionary(fieldValue),
        fc.bigInt(0n, 2n ** 63n - 1n),
        (measurement, tags, fields, timestamp) => {
          fc.pre(fields.length > 0);
          const written = toLine({
            measurement,
            tags: Object.fromEntries(tags),
            fields: Object.fromEntries(fields),
            timestamp,
          });
          const read = parseLine(written);
          expect(read.timestamp).toBe(timestamp);
          expect(read.measurement).toBe(inNames(measurement, ', ').replace(/^#/, '_'));
          const kept = tags
            .filter(([, value]) => value !== '')
            .map(([key, value]) => [inNames(key, ',= '), inNames(value, ',= ')]);
          expect(new Map(read.tags)).toEqual(new Map(kept as Array<[string, string]>));
          const values = fields.map(([key, value]) => [
            inNames(key, ',= '),
            typeof value === 'string' ? inText(value) : value,
          ]);
          expect(new Map(read.fields)).toEqual(
            new Map((values as Array<[string, string]>).map(([key, value]) => [key, Object.is(value, -0) ? 0 : value])),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('merges two lists of tags as if they were one', () => {
    const tags = fc.dictionary(fc.stringMatching(/^[a-e]{1,2}$/), fc.constantFrom('x', 'y z'), { maxKeys: 5 });
    fc.assert(
      fc.property(tags, tags, (some, more) => {
        const others = Object.fromEntries(Object.entries(more).filter(([key]) => !Object.hasOwn(some, key)));
        const merged = joinTags(tagTexts(some), tagTexts(others));
        expect(merged).toBe(joinTags(tagTexts({ ...some, ...others }), []));
      }),
    );
  });

  it("agrees with the official client's Point about everything that the client can write", () => {
    const plain = fc.string({ unit: fc.constantFrom(...'ab,= "é'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        plain,
        fc.dictionary(plain, plain),
        fc.dictionary(plain, plain),
        fc.double({ noDefaultInfinity: true, noNaN: true }),
        fc.maxSafeInteger(),
        (measurement, tags, texts, number, integer) => {
          const client = new ClientPoint(measurement).timestamp(STAMP.toString());
          for (const [key, value] of Object.entries(tags)) client.tag(key, value);
          for (const [key, value] of Object.entries(texts)) client.stringField(key, value);
          client.floatField('float', number).intField('int', integer);
          const fields = Object.fromEntries(
            Object.entries({ ...texts, float: number, int: BigInt(integer) }).sort(([a], [b]) => (a < b ? -1 : 1)),
          );
          expect(toLine({ measurement, tags, fields, timestamp: STAMP })).toBe(client.toLineProtocol());
        },
      ),
    );
  });
});
