import fc from 'fast-check';
import { PRECISIONS, type Precision } from './normalize.js';

/** Generators of line protocol, valid and broken. A line is bytes without its line end; a string in it may hold line ends. */

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const join = (...parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? utf8(part) : part)));

const PLAIN = [...'abcxyzT01_-./:"#é€'];
const name = (special: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...PLAIN) },
        { weight: 1, arbitrary: fc.constantFrom(...special) },
      ),
      {
        minLength: 0,
        maxLength: 6,
      },
    )
    .map((rest) => rest.join(''));

/** Begins with a letter, so that it is no comment and nothing else; escapes what its place asks for. */
const measurement = name(['\\,', '\\ ']).map((rest) => `m${rest}`);
const tagText = name(['\\,', '\\ ', '\\=']).map((rest) => `t${rest}`);
const fieldKey = name(['\\,', '\\ ', '\\=']).map((rest) => `f${rest}`);

const digits = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...'0123456789'), { minLength, maxLength }).map((all) => all.join(''));
const sign = fc.constantFrom('', '', '-');

const INTEGER_EDGES = ['9223372036854775807i', '-9223372036854775808i', '0000000000000000000000000007i', '-0i'];
const FLOAT_EDGES = ['1e308', '1.7976931348623157e308', '-1e-400', '.5', '-.5', '1.', '1E+05', '1e-7', '-0', '007.10'];
const integer = fc.oneof(
  fc.constantFrom(...INTEGER_EDGES),
  fc.tuple(sign, digits(1, 18)).map(([minus, all]) => `${minus}${all}i`),
);
const float = fc.oneof(
  fc.constantFrom(...FLOAT_EDGES),
  fc.tuple(sign, digits(1, 12), fc.constantFrom('', '.', '.5', '.25e3', 'e1', 'E-2')).map((all) => all.join('')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const boolean = fc.constantFrom('t', 'T', 'true', 'True', 'TRUE', 'f', 'F', 'false', 'False', 'FALSE');
const text = fc
  .array(fc.constantFrom(...'abc ,=#é\t\r\n', '\\"', '\\\\', '\\n', '\n# '), { maxLength: 10 })
  .map((all) => `"${all.join('')}"`);

/** The type is part of a field's name, so that lines of one measurement never disagree about it. */
const field = fc.oneof(
  fc.tuple(fieldKey, integer).map(([key, value]) => `${key}_i=${value}`),
  fc.tuple(fieldKey, float).map(([key, value]) => `${key}_f=${value}`),
  fc.tuple(fieldKey, boolean).map(([key, value]) => `${key}_b=${value}`),
  fc.tuple(fieldKey, text).map(([key, value]) => `${key}_s=${value}`),
);

const tags = fc
  .uniqueArray(fc.tuple(tagText, tagText), { maxLength: 4, selector: ([key]) => key })
  .map((all) => all.map(([key, value]) => `,${key}=${value}`).join(''));

/** Around the turn of 2023 to 2024 in that unit, so that a server needs few shards. */
const timestamps: Readonly<Record<Precision, fc.Arbitrary<string>>> = {
  ns: recent(10n ** 9n),
  n: recent(10n ** 9n),
  us: recent(10n ** 6n),
  u: recent(10n ** 6n),
  ms: recent(10n ** 3n),
  s: recent(1n),
  m: fc.integer({ min: 28_401_120, max: 28_401_180 }).map(String),
  h: fc.integer({ min: 473_352, max: 473_354 }).map(String),
};

function recent(perSecond: bigint): fc.Arbitrary<string> {
  return fc.bigInt({ min: 1_704_067_200n * perSecond, max: 1_704_070_800n * perSecond }).map(String);
}

export const anyPrecision = fc.constantFrom(...PRECISIONS);

/** What stands between measurement, tags, fields and timestamp, and before and behind them. */
const gap = fc.oneof(
  { weight: 6, arbitrary: fc.constant(' ') },
  { weight: 1, arbitrary: fc.constantFrom('  ', ' \t', ' \0 ') },
);
const before = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t ', '\0') },
);
const after = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '   ') },
);

/** A line that every InfluxDB accepts, with a timestamp in that unit or none. */
export function validLine(precision: Precision): fc.Arbitrary<Buffer> {
  const time = fc.option(
    fc.tuple(gap, timestamps[precision]).map((all) => all.join('')),
    { nil: '', freq: 4 },
  );
  const fields = fc.array(field, { minLength: 1, maxLength: 4 }).map((all) => all.join(','));
  return fc.tuple(before, measurement, tags, gap, fields, time, after).map((parts) => utf8(parts.join('')));
}

/** Lines that no InfluxDB accepts, one for each way of being wrong. */
export const BROKEN_LINES: readonly string[] = [
  'm',
  'm ',
  'm,t=a',
  'm,t=a ',
  ',t=a v=1',
  'm, v=1',
  'm,t v=1',
  'm,t= v=1',
  'm,=a v=1',
  'm,t=a,t=b v=1',
  'm,b=1,a=1,b=2 v=1',
  'm,t=a=b v=1',
  'm,time=1 v=1',
  'm v',
  'm v=',
  'm v= 1',
  'm =1',
  'm v=1,',
  'm v=1,=2',
  'm v=1,,w=2',
  'm v=1,w',
  'm v=x',
  'm v=tru',
  'm v=tRUE',
  'm v=NaN',
  'm v=nan',
  'm v=Inf',
  'm v=-Inf',
  'm v=+1',
  'm v=1e',
  'm v=1e400',
  'm v=1.2.3',
  'm v=.',
  'm v=-',
  'm v=0x10',
  'm v=1_000',
  'm v=1.5i',
  'm v=1ii',
  'm v=9i10',
  'm v=-i',
  'm v=9223372036854775808i',
  'm v=-9223372036854775809i',
  'm v="open',
  'm v="open\\"',
  "m v='text'",
  'm v=1 x',
  'm v=1 1.0',
  'm v=1 +1',
  'm v=1 -',
  'm v=1 1 1',
  'm v=1 9223372036854775807',
  'm v=1 -9223372036854775807',
  'm v=1 99999999999999999999',
  'm time=1',
  'm a=1,a=2i',
];

const brokenLine = fc.constantFrom(...BROKEN_LINES).map(utf8);

const BYTES = [...'\\\\"",,==  \n\r\t\0#-+.eEiunNtT019am\xff\xc3'].map(latin1);

/** A valid line after a few bytes in it were put in, left out, or replaced: it may be valid still. */
export function mutatedLine(precision: Precision): fc.Arbitrary<Buffer> {
  const edit = fc.tuple(fc.nat(), fc.constantFrom(0, 1), fc.constantFrom(Buffer.alloc(0), ...BYTES));
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  return fc.tuple(validLine(precision), edits).map(([line, all]) =>
    all.reduce((bytes, [place, left, put]) => {
      const at = place % (bytes.length + 1);
      return join(bytes.subarray(0, at), put, bytes.subarray(at + left));
    }, line),
  );
}

/** Bytes that line protocol gives a meaning, in any order. */
const soup = fc.array(fc.constantFrom(...BYTES), { maxLength: 24 }).map((all) => Buffer.concat(all));

export const anyLine = (precision: Precision): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 4, arbitrary: validLine(precision) },
    { weight: 4, arbitrary: mutatedLine(precision) },
    { weight: 1, arbitrary: brokenLine },
    { weight: 1, arbitrary: soup },
  );

const filler = fc.constantFrom('', '', '', '  ', '# a comment', '\t#', ' \t ').map(utf8);
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n');

export interface GeneratedBody {
  readonly precision: Precision;
  readonly body: Buffer;
  /** How many lines of protocol it was put together from. */
  readonly points: number;
}

function bodyOf(line: (precision: Precision) => fc.Arbitrary<Buffer>): fc.Arbitrary<GeneratedBody> {
  return anyPrecision.chain((precision) =>
    fc
      .tuple(fc.array(fc.tuple(filler, lineEnd, line(precision), lineEnd), { maxLength: 8 }), fc.boolean())
      .map(([lines, ended]) => {
        const body = join(
          ...lines.flatMap(([extra, end, bytes, bytesEnd]) => [extra, extra.length > 0 ? end : '', bytes, bytesEnd]),
        );
        const whole = ended || body.length === 0 ? body : body.subarray(0, body.lastIndexOf('\n'));
        return { precision, body: whole, points: lines.length };
      }),
  );
}

/** Bodies of valid lines among comments, blank lines and both kinds of line ends; all of it is to be accepted. */
export const validBody: fc.Arbitrary<GeneratedBody> = bodyOf(validLine);

/** Bodies of any lines: what is to become of them, only a parser knows. */
export const anyBody: fc.Arbitrary<GeneratedBody> = bodyOf(anyLine);
