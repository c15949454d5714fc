import { describe, expect, it } from 'vitest';
import { LineError, type NormalizeOptions, normalizeInTurns, normalizeLines, type Precision } from './normalize.js';
import { splitLines } from './split.js';

const nowNs = 1_704_067_200_123_456_789n;

const pieces = (body: string | Buffer, options: Partial<NormalizeOptions> = {}) =>
  normalizeLines(Buffer.from(body), { precision: 'ns', nowNs, ...options });

const text = (body: string | Buffer, options: Partial<NormalizeOptions> = {}): string =>
  pieces(body, options)
    .map((piece) => piece.body.toString('latin1'))
    .join('');

function refusal(body: string | Buffer, options: Partial<NormalizeOptions> = {}): LineError {
  try {
    pieces(body, options);
  } catch (error) {
    if (error instanceof LineError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('timestamps', () => {
  it.each<[Precision, string, string]>([
    ['ns', '1704067200000000001', '1704067200000000001'],
    ['n', '-5', '-5'],
    ['us', '1704067200000001', '1704067200000001000'],
    ['u', '1', '1000'],
    ['ms', '1704067200001', '1704067200001000000'],
    ['s', '-1704067201', '-1704067201000000000'],
    ['m', '28401121', '1704067260000000000'],
    ['h', '473352', '1704067200000000000'],
    ['s', '007', '7000000000'],
    ['ms', '-0', '0'],
    ['ns', '00000000000000000000000000012', '12'],
    ['ns', '9223372036854775806', '9223372036854775806'],
    ['ns', '-9223372036854775806', '-9223372036854775806'],
    ['us', '9223372036854775', '9223372036854775000'],
    ['ms', '-9223372036854', '-9223372036854000000'],
    ['s', '9223372036', '9223372036000000000'],
    ['m', '153722867', '9223372020000000000'],
    ['h', '-2562047', '-9223369200000000000'],
  ])('in %s: %s is %s', (precision, given, instant) => {
    expect(text(`m v=1 ${given}`, { precision })).toBe(`m v=1 ${instant}\n`);
  });

  it.each<[Precision, string]>([
    ['ns', '9223372036854775807'],
    ['ns', '-9223372036854775807'],
    ['us', '9223372036854776'],
    ['ms', '-9223372036855'],
    ['s', '9223372037'],
    ['m', '153722868'],
    ['h', '-2562048'],
    ['h', '9'.repeat(40)],
  ])('in %s: %s is out of reach', (precision, given) => {
    expect(refusal(`m v=1 ${given}`, { precision }).message).toContain('1, column 7: the timestamp is outside');
  });

  it.each<[Precision, bigint]>([
    ['ns', nowNs],
    ['us', 1_704_067_200_123_456_000n],
    ['ms', 1_704_067_200_123_000_000n],
    ['s', 1_704_067_200_000_000_000n],
    ['m', 1_704_067_200_000_000_000n],
    ['h', 1_704_067_200_000_000_000n],
  ])('in %s: a line without one is stamped, rounded down to the precision as InfluxDB does', (precision, instant) => {
    expect(text('m v=1\nm,t=a v="x"  \n', { precision })).toBe(`m v=1 ${instant}\nm,t=a v="x" ${instant}\n`);
  });
});

describe('what goes out', () => {
  it.each([
    ['nothing of an empty body', '', ''],
    ['nothing of a body of blanks', ' \t\n\0\n\r\n  ', ''],
    ['no comments', '# a\nm v=1 1\n  # b "\nm v=2 2\n#c', 'm v=1 1\nm v=2 2\n'],
    ['a line after a comment with a quote, which InfluxDB would drop', '# x a="\nm v=1 1\n', 'm v=1 1\n'],
    ['line ends of \\n', 'm v=1 1\r\nm v=2 2\r\n', 'm v=1 1\nm v=2 2\n'],
    ['a line end behind the last line', 'm v=1 1', 'm v=1 1\n'],
    ['no blanks before and behind', '\t m v=1 1  \n', 'm v=1 1\n'],
    ['one blank between sections', 'm  \t v=1 \0 1\n', 'm v=1 1\n'],
    ['line ends, quotes, commas and blanks within strings', 'm v="a\n\\"b, c=d",w=1 1\n', 'm v="a\n\\"b, c=d",w=1 1\n'],
    ['escapes as they came', 'm\\ a\\,b,t\\=a=b\\ c f\\ a\\=b\\,c=1 1\n', 'm\\ a\\,b,t\\=a=b\\ c f\\ a\\=b\\,c=1 1\n'],
    ['text behind a closing quote, which InfluxDB keeps', 'm v="a"b 1\n', 'm v="a"b 1\n'],
    ['a field called time beside others', 'm time=1,time=2i,v=1 1\n', 'm time=1,time=2i,v=1 1\n'],
    ['a tag value that begins with an equals sign', 'm,t==a v=1 1\n', 'm,t==a v=1 1\n'],
  ])('has %s', (_what, body, out) => {
    expect(text(body)).toBe(out);
  });

  it('has bytes that are not UTF-8 in tags and strings', () => {
    const line = Buffer.from('m,t=\xff f="\xc3" 1\n', 'latin1');
    expect(text(line)).toBe(line.toString('latin1'));
  });

  it('is not the memory that came in', () => {
    const body = Buffer.from('m v=1 1\n');
    const [piece] = normalizeLines(body, { precision: 'ns', nowNs });
    body.fill(0);
    expect(piece!.body.toString()).toBe('m v=1 1\n');
  });

  it.each([
    ['where nothing changes', 'm v=1 1\nm v=2 2\n', true],
    ['but for comments before and behind', '# a\nm v=1 1\nm v=2 2\n\n', true],
    ['unless a line changes', 'm v=1 1\nm v=2 02\n', false],
    ['unless something between is left out', 'm v=1 1\n\nm v=2 2\n', false],
    ['unless the line end is missing', 'm v=1 1\nm v=2 2', false],
  ])('may be the memory that came in and does not change any more, %s', (_what, input, isShared) => {
    const body = Buffer.from(input);
    const pieces = normalizeLines(body, { precision: 'ns', nowNs, isFinal: true, maxPoints: 1 });
    expect(pieces.map((piece) => piece.body.toString())).toEqual(['m v=1 1\n', 'm v=2 2\n']);
    body.fill(0);
    expect(pieces.map((piece) => piece.body.toString() === '\0'.repeat(8))).toEqual([isShared, isShared]);
  });

  it('is nothing of a final body without lines', () => {
    expect(normalizeLines(Buffer.from('# a\n\n'), { precision: 'ns', nowNs, isFinal: true })).toEqual([]);
  });
});

describe('values', () => {
  const accepted =
    '1 -1 1. .5 -.5 007 1e5 1E+5 -1e-5 1.5e300 1e-999 0i -0i 9223372036854775807i -9223372036854775808i t T'
      .concat(' true True TRUE f F false False FALSE "" "\\"" "\\\\"')
      .split(' ');
  it.each(accepted)('accepts %s', (value) => {
    expect(text(`m v=${value},w=${value} 1\n`)).toBe(`m v=${value},w=${value} 1\n`);
  });

  // 2.x takes 1u; 1.6.7 has to be built for it, and Debian's is not.
  const refused = '+1 1u 1.0i 1e5i 9i9 - . -. -i 1e 1e+ e5 1..2 1-2 0x1 1_0 NaN nan Inf -Inf 1e400 tr truE yes'
    .concat(' 9223372036854775808i -9223372036854775809i \'a\' "a \\"a\\"')
    .split(' ');
  it.each(refused)('refuses %s', (value) => {
    expect(refusal(`m v=${value},w=1 1\n`).line).toBe(1);
  });

  it.each([
    ['9'.repeat(308), '9'.repeat(309)],
    [`${'0'.repeat(500)}1`, `1${'0'.repeat(500)}`],
    [`${'0'.repeat(500)}1i`, `1${'0'.repeat(500)}i`],
  ])('minds the size of long numbers', (fits, overflows) => {
    expect(text(`m v=${fits} 1\n`)).toBe(`m v=${fits} 1\n`);
    expect(refusal(`m v=${overflows} 1\n`).column).toBe(5);
  });
});

describe('refusals', () => {
  it.each([
    ['m,t=a,t=b v=1', 1, 7, 'the line has this tag twice'],
    ['m v=1 1\n\n# c\nm,b=1,a=1,b=2 v=1', 4, 11, 'the line has this tag twice'],
    ['m v="a\nb" 1\nm v=x', 3, 5, 'not a value'],
    ['m v="a\nb" x', 2, 4, 'a timestamp is an integer'],
    ['m v=1 1\r\nm', 2, 2, 'the fields are missing'],
    ['m v="a', 1, 5, 'the string that opens here is not closed'],
    [',t=a v=1', 1, 1, 'the measurement is missing'],
    ['m,t= v=1', 1, 5, 'the tag value is empty'],
    ['m,time=1 v=1', 1, 3, 'a tag must not be called time'],
    ['m time=1', 1, 3, 'a field must not be called time'],
    ['m a"b=1,a\\"b=2i', 1, 9, 'the line has this field twice, as two types'],
    ['m v=1 1 2', 1, 9, 'a timestamp is an integer'],
    ['m v=1 1\t', 1, 8, 'a timestamp is an integer'],
    // 1.6.7 takes these, and stores or swallows something else than was meant.
    ['m \t=1', 1, 4, 'the field has no name'],
    ['m v="x"\\', 1, 8, 'a backslash after the closing quote'],
    ['m a\\\\=1,b=2', 1, 6, 'InfluxDB cannot read a field name that ends with a backslash'],
    ['m a,b=1,c="x"=3', 1, 4, 'the field has no value'],
    ['m\\\\ a="b v=1 5', 1, 1, 'InfluxDB would read this line as one with its neighbours'],
  ])('of %j name line %i, column %i: %s', (body, line, column, message) => {
    const error = refusal(body);
    expect([error.line, error.column]).toEqual([line, column]);
    expect(error.message).toContain(`line ${line}, column ${column}: ${message}`);
  });

  it('come for keys of more than 65,535 bytes', () => {
    expect(pieces(`${'m'.repeat(65_530)} v=1`)).toHaveLength(1);
    expect(refusal(`${'m'.repeat(65_531)} v=1`).message).toContain('too long together');
    expect(refusal(`${'m'.repeat(65_536)} v=1`).message).toContain('65536 bytes; 65535 are allowed');
  });

  it('come for a measurement or a field name that is not UTF-8, which InfluxDB answers 500 for ever', () => {
    expect(refusal(Buffer.from('m\xff v=1', 'latin1')).message).toContain('measurement is not UTF-8');
    expect(refusal(Buffer.from('m v\xff=1', 'latin1')).message).toContain('field name is not UTF-8');
  });

  it('come for the numbers of tags that 1.6.7 answers 500 to; 2.x takes them', () => {
    const tagged = (count: number) => `m${Array.from({ length: count }, (_, index) => `,t${index}=v`).join('')} v=1`;
    for (const count of [99, 101, 199, 300]) expect(pieces(tagged(count))).toHaveLength(1);
    for (const count of [100, 200, 400]) expect(refusal(tagged(count)).message).toContain(`exactly ${count} tags`);
    expect(refusal(tagged(150).replace('t149=', 't0=')).message).toContain('this tag twice');
  });

  it('come for two types of a field among many', () => {
    const fields = Array.from({ length: 40 }, (_, index) => `f${index}=${index}${index % 2 === 0 ? 'i' : ''}`).join(
      ',',
    );
    expect(pieces(`m ${fields}`)).toHaveLength(1);
    expect(refusal(`m ${fields},f1=1i`).message).toContain('as two types');
  });

  it('come for a line over 4 MiB', () => {
    const line = (bytes: number) => `m v="${'x'.repeat(bytes - 6)}"`;
    expect(pieces(line(4 * 2 ** 20))).toHaveLength(1);
    expect(refusal(line(4 * 2 ** 20 + 1)).message).toContain('4194304 are allowed');
  }, 180_000);
});

describe('pieces', () => {
  const body = 'm v=1 1\nm v="\n" 2\n m v=3 3\nm v=4 4\n';
  const cut = (options: Partial<NormalizeOptions>) =>
    pieces(body, options).map((piece) => [piece.points, `${piece.body}`]);

  it('hold at most maxPoints lines', () => {
    expect(cut({ maxPoints: 3 })).toEqual([
      [3, 'm v=1 1\nm v="\n" 2\nm v=3 3\n'],
      [1, 'm v=4 4\n'],
    ]);
  });

  it('hold at most maxBytes, but always one line', () => {
    expect(cut({ maxBytes: 18 }).map(([points]) => points)).toEqual([2, 2]);
    expect(cut({ maxBytes: 17 }).map(([points]) => points)).toEqual([1, 1, 2]);
    expect(cut({ maxBytes: 1 }).map(([points]) => points)).toEqual([1, 1, 1, 1]);
  });

  it('are 5,000 points or 1 MiB where nothing else is said', () => {
    expect(pieces('m v=1 1\n'.repeat(5_001)).map((piece) => piece.points)).toEqual([5_000, 1]);
    const long = `m v="${'x'.repeat(2 ** 19 - 8)}" 1\n`;
    expect(pieces(long.repeat(3)).map((piece) => piece.points)).toEqual([1, 1, 1]);
  });
});

describe('splitLines', () => {
  it('keeps a line end in a string, and takes what has no line end', () => {
    const lines = splitLines(Buffer.from('m,t="a v="x\n\\"y",w=t 1\nm v=2 2\nm v=3 3'));
    expect(lines.map(String)).toEqual(['m,t="a v="x\n\\"y",w=t 1\n', 'm v=2 2\n', 'm v=3 3']);
  });
});

describe('a large body', () => {
  const large = Buffer.from(`m t="${'x'.repeat(500)}\n${'y'.repeat(500)}" 1\n`.repeat(3_000));

  it('gives others their turn, and becomes the same lines', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const lines = await normalizeInTurns(large, { precision: 'ns', nowNs });
    clearInterval(others);
    expect(turns).toBeGreaterThan(0);
    const joined = (some: typeof lines) => Buffer.concat(some.map(({ body }) => body));
    expect(joined(lines).equals(joined(normalizeLines(large, { precision: 'ns', nowNs })))).toBe(true);
    expect(lines.reduce((sum, { points }) => sum + points, 0)).toBe(3_000);
  });

  it('is refused for its last line', async () => {
    const body = Buffer.concat([large, Buffer.from('m v=\n')]);
    const message = /^line 6001, column 5/;
    expect(() => normalizeLines(body, { precision: 'ns', nowNs })).toThrow(message);
    await expect(normalizeInTurns(body, { precision: 'ns', nowNs })).rejects.toThrow(message);
  });
});
