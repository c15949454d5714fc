import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyLine, anyPrecision } from './grammar.suite.js';
import { LineParser } from './line-parser.js';
import { PlainLine } from './plain-line.js';
import { lineEnd } from './split.js';

const withEnd = (line: Uint8Array | string): Buffer => Buffer.concat([Buffer.from(line as string), Buffer.from('\n')]);

const sectionsOf = ({ keyEnd, fieldsStart, fieldsEnd, timeStart, timeEnd }: PlainLine | LineParser) => ({
  keyEnd,
  fieldsStart,
  fieldsEnd,
  timeStart,
  timeEnd,
});

/** What both say of a line; undefined: it is not plain. */
function both(line: Uint8Array | string) {
  const body = withEnd(line);
  const plain = new PlainLine(body);
  const end = plain.read(0);
  if (end === -1) return undefined;
  const parser = new LineParser(body);
  parser.parse(0, end);
  expect({ end, ...sectionsOf(plain) }).toEqual({ end: lineEnd(body, 0), ...sectionsOf(parser) });
  expect(parser.escapes).toBe(false);
  return end;
}

const tags = (count: number) => Array.from({ length: count }, (_, at) => `,t${String(at).padStart(3, '0')}=v`).join('');

/** Few names and values, so that many lines have one twice, and most are plain. */
const key = fc.constantFrom('a', 'aa', 'b', 'b2', 'c', 'time');
const value = fc.constantFrom(
  '1',
  '-2i',
  '.5',
  '1.',
  '-.5',
  't',
  'False',
  '"x, y=z"',
  '""',
  '1e5',
  '12345678901234567890',
);
const pairs = (of: fc.Arbitrary<string>, minLength: number) =>
  fc
    .tuple(fc.array(fc.tuple(key, of), { minLength, maxLength: 3 }), fc.boolean())
    .map(([all, sorted]) => (sorted ? all.sort() : all).map((pair) => pair.join('=')));
const nearlyPlain = fc
  .tuple(
    pairs(fc.constantFrom('v', 'w1'), 0),
    pairs(value, 1),
    fc.constantFrom('', ' 1', ' 01', ' 1763784000000000000'),
    fc.constantFrom('', '', '', ' ', ',', '=', '"', '\\', '\r', 'i', '.', '-', 'é'),
    fc.nat(60),
  )
  .map(([tagPairs, fields, time, put, at]) => {
    const line = `${['m', ...tagPairs].join(',')} ${fields.join(',')}${time}`;
    return line.slice(0, at) + put + line.slice(at);
  });

describe('PlainLine', () => {
  it.each([
    'm f=1',
    'm f=1 1',
    'm,t=a f=1',
    'sample,host=host-1,region=eu-west load=0.14285714285714285,n=-7i,up=T 1763784000000000000',
    'm,a=1,aa=2,b=3 f=1 1',
    'm a=t,b=F,c=true,d=FALSE,e="x, y=z #",f="",g=-.5,h=1.,i=007 5',
    'm b=1,a=2,a=3 5',
    `m${tags(64)} f=1`,
    'm t=1,tim=2,times=3',
    'm# f#=1 1',
  ])('reads %s', (line) => {
    expect(both(line)).toBe(Buffer.byteLength(line));
  });

  it.each([
    '',
    'm',
    'm ',
    '#m f=1',
    ' m f=1',
    'm  f=1',
    'm\0 f=1',
    'm f=1 ',
    'm f=1  1',
    'm f=1 1 ',
    'm f=1 -1',
    'm f=1 1\r',
    'm f=1 1 1',
    'm f=1\t1',
    'm,t f=1',
    'm,t= f=1',
    'm,=a f=1',
    'm,t=a=b f=1',
    'm,t=a,t=b f=1',
    'm,b=1,a=2 f=1',
    'm,a=1,b=2,a=3 f=1',
    'm,time=1 f=1',
    'm\\ f=1',
    'm"=1',
    'm,t="a" f=1',
    'm time=1',
    'm a=1,a=2i',
    'm b=1,a=2i',
    'm f',
    'm f=',
    'm =1',
    'm f=1,',
    'm f=1,,g=2',
    'm f=1u',
    'm f=1e5',
    'm f=NaN',
    'm f=-',
    'm f=.',
    'm f=-i',
    'm f=1.5i',
    'm f=1x',
    'm f=tru',
    'm f=9223372036854775807i',
    `m f=${'9'.repeat(100)}`,
    'm f="a',
    'm f="a\\""',
    'm f="a\nb"',
    'm f="a"b',
    'mü f=1',
    `m${tags(65)} f=1`,
    `m f="${'x'.repeat(32_768)}"`,
  ])('leaves %j to the other', (line) => {
    expect(new PlainLine(withEnd(line)).read(0)).toBe(-1);
  });

  it('reads no line without a line end', () => {
    for (const line of ['m', 'm,', 'm,t', 'm,t=', 'm,t=a', 'm ', 'm f', 'm f=', 'm f=-', 'm f=1', 'm f="', 'm f=1 1']) {
      expect(new PlainLine(Buffer.from(line)).read(0)).toBe(-1);
    }
  });

  it('reads what it reads as the whole grammar does', () => {
    let plain = 0;
    const any = anyPrecision.chain(anyLine);
    fc.assert(
      fc.property(fc.oneof<fc.Arbitrary<Uint8Array | string>[]>(any, nearlyPlain), (line) => {
        if (both(line) !== undefined) plain++;
      }),
      { numRuns: 10_000 },
    );
    expect(plain).toBeGreaterThan(250);
  });
});
