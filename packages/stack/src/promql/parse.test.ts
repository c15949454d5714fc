import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Expression, selectorsOf } from './expression.js';
import { FUNCTION_NAMES } from './functions.js';
import { MAX_CHARACTERS, parsePromql } from './parse.js';

function read(text: string): Expression {
  const parsed = parsePromql(text);
  if ('mistake' in parsed) throw new Error(`${text}: ${parsed.mistake.message}`);
  return parsed.expression;
}

function mistakeIn(text: string): { at: number; message: string; fix: string } {
  const parsed = parsePromql(text);
  if ('expression' in parsed) throw new Error(`${text} was read`);
  const { from: at, message, fix } = parsed.mistake;
  return { at, message, fix };
}

describe('what an expression says', () => {
  it('reads selectors: name, matchers, range', () => {
    expect(selectorsOf(read('x{a="1", b!="2", c=~"3|4", "d"!~`5\\d`}[1h30m] offset 5m @ end()'))).toEqual([
      expect.objectContaining({
        name: 'x',
        range: 5400,
        matchers: [
          expect.objectContaining({ label: 'a', operator: '=', value: '1', from: 2, to: 7 }),
          expect.objectContaining({ label: 'b', operator: '!=', value: '2' }),
          expect.objectContaining({ label: 'c', operator: '=~', value: '3|4' }),
          expect.objectContaining({ label: 'd', operator: '!~', value: '5\\d' }),
        ],
      }),
    ]);
  });

  it.each(['{__name__="x", a="1"}', '{"x", a="1"}', 'x{a="1",}'])('finds the name in %s', (text) => {
    expect(selectorsOf(read(text))[0]).toMatchObject({ name: 'x', matchers: [{ label: 'a' }] });
  });

  it('reads aggregations', () => {
    expect(read('SUM BY (a, "b") (x)')).toMatchObject({ operator: 'sum', grouping: { by: true, labels: ['a', 'b'] } });
    expect(read('avg(x) without (a)')).toMatchObject({ operator: 'avg', grouping: { by: false, labels: ['a'] } });
    expect(read('topk(3, x)')).toMatchObject({ parameter: { value: 3 }, grouping: undefined });
    expect(read('sum by () (x)')).toMatchObject({ grouping: { by: true, labels: [] } });
  });

  it('reads how operands match', () => {
    expect(read('a / on(x, y) group_left(z) b')).toMatchObject({
      operator: '/',
      matching: { on: true, labels: ['x', 'y'], many: 'left', include: ['z'] },
    });
    expect(read('a > bool ignoring(x) group_right b')).toMatchObject({
      bool: true,
      matching: { on: false, labels: ['x'], many: 'right', include: [] },
    });
    expect(read('a and on() b')).toMatchObject({
      operator: 'and',
      matching: { on: true, labels: [], many: undefined },
    });
  });

  it('knows what binds tighter', () => {
    expect(read('a + b * c')).toMatchObject({ operator: '+', right: { operator: '*' } });
    expect(read('a and b or c')).toMatchObject({ operator: 'or', left: { operator: 'and' } });
    expect(read('a ^ b ^ c')).toMatchObject({ right: { operator: '^' } });
    expect(read('a / b offset 1h')).toMatchObject({ operator: '/', right: { name: 'b' } });
    expect(read('avg_over_time((a / b)[1h:])')).toMatchObject({ args: [{ is: 'subquery', inner: { operator: '/' } }] });
    expect(read('max_over_time(a[1h:1m]) + b')).toMatchObject({ operator: '+' });
  });

  it('reads numbers, durations and strings', () => {
    expect(read('0x1F')).toMatchObject({ value: 31 });
    expect(read('-1.5e3')).toMatchObject({ value: -1500 });
    expect(read('Inf')).toMatchObject({ value: Number.POSITIVE_INFINITY });
    expect(read('1_000')).toMatchObject({ value: 1000 });
    expect(read('1h30m')).toMatchObject({ value: 5400 });
    expect(read('"a\\"b\\n\\u00e9\\x41\\101"')).toMatchObject({ value: 'a"b\né' + 'AA' });
    expect(read("'it''s'".replace("''", "\\'"))).toMatchObject({ value: "it's" });
  });

  it('takes comments', () => {
    expect(read('# first\nsum by (a, # why\n b) (x{a="1", # and\n b="2"}) # of all\n > # at least\n 1')).toMatchObject({
      operator: '>',
      left: { grouping: { labels: ['a', 'b'] }, inner: { matchers: [{ label: 'a' }, { label: 'b' }] } },
      right: { value: 1 },
    });
  });

  it.each(FUNCTION_NAMES)('knows %s()', (name) => {
    const parsed = parsePromql(`${name}(x)`);
    if ('mistake' in parsed) expect(parsed.mistake.message).toMatch(new RegExp(`gives ${name}\\(\\)`));
  });
});

describe('what cannot be read', () => {
  it.each([
    ['', 0, 'is empty'],
    ['rate(x[5m]', 10, 'ends too early'],
    ['raet(x[5m])', 4, 'calls raet(), which is no function of PromQL; did you mean rate()?'],
    ['holt_winters(x[5m], 0.5, 0.5)', 12, 'holt_winters(), which is not read; write double_exponential_smoothing'],
    ['x y', 2, 'has "y" where it cannot stand, at character 3'],
    ['x == == 1', 5, 'has "="'],
    ['x{a=1}', 4, 'has "1"'],
    ['x{a="1}', 7, 'ends too early'],
    ['x{a=~"("}', 2, 'the pattern "(", which is none'],
    ['x{a="\\q"}', 4, 'is no string'],
    ['rate(x)', 5, 'gives rate() a vector where it takes a range; write a range behind the metric, such as [5m]'],
    ['abs(x[5m])', 4, 'gives abs() a range where it takes a vector'],
    ['x[5m] > 1', 0, 'has a range beside ">"; put a function such as rate() around it'],
    ['sum(x[5m])', 4, 'gives sum() a range'],
    ['rate(sum(x)[5m])', 5, 'a range behind something that is no metric; write a subquery'],
    ['rate(x[0s])', 7, 'has a range of 0s'],
    ['a and 1', 0, 'has a number beside "and"'],
    ['1 > 2', 0, 'compares two numbers; write > bool'],
    ['a + bool b', 0, 'has "bool" behind "+"'],
    ['a and on(x) group_left b', 0, 'has group_left behind "and"'],
    ['a / on(x) 2', 0, 'says which labels match where one side is a number'],
    ['topk(x)', 0, 'needs a parameter'],
    ['sum(2, x)', 0, 'takes no parameter'],
    ['quantile("a", x)', 9, 'gives the parameter of quantile() a string'],
    ['clamp(x, 1)', 0, 'gives clamp() 2 arguments, and it takes 3'],
    ['round(x, 1, 2)', 0, 'takes 1 to 2'],
    ['histogram_quantile(x, 0.9)', 19, 'gives histogram_quantile() a vector where it takes a scalar'],
    ['{}', 0, 'that any series matches'],
    ['{a=~".*"}', 0, 'that any series matches'],
    ['{a!="x"}', 0, 'that any series matches'],
    [`x${' '.repeat(MAX_CHARACTERS)}`, 0, 'has 10001 characters'],
    [`${'('.repeat(1000)}x${')'.repeat(1000)}`, undefined, 'is nested more than 200 deep'],
    [Array.from({ length: 1000 }, () => 'x').join('+'), undefined, 'is nested more than 200 deep'],
  ])('%s', (text, at, expected) => {
    const found = mistakeIn(text);
    expect(`${found.message}; ${found.fix}`).toContain(expected);
    if (at !== undefined) expect(found.at).toBe(at);
  });
});

/** What expressions are made of, right or wrong. */
const PIECES = fc.constantFrom(
  ...'( ) { } [ ] , + - * / ^ == != > and or unless on ignoring group_left bool by without offset @ : "a" \'b rate sum topk 5m 0.9 x =~ = # \\ ` __name__ \uE000 \n 1h: start()'.split(
    ' ',
  ),
);

it('never throws', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(PIECES, { maxLength: 40 }).map((pieces) => pieces.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const parsed = parsePromql(text);
      if ('mistake' in parsed) {
        expect(parsed.mistake.from).toBeGreaterThanOrEqual(0);
        expect(parsed.mistake.to).toBeLessThanOrEqual(text.length);
        expect(parsed.mistake.message).not.toBe('');
      }
    }),
    { numRuns: 300 },
  );
});
