import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Exposition, ExpositionReader } from './exposition.js';
import { ExpositionError } from './line-reader.js';
import { SeriesFilter } from './series-filter.js';

const ALL = new SeriesFilter(['*']);

function read(page: string, { filter = ALL, maxSeries = 10_000, maxLine = 65_536, pieces = [page] } = {}): Exposition {
  const reader = new ExpositionReader({ filter, maxSeries, maxLine });
  for (const piece of pieces) reader.push(piece);
  return reader.end();
}

const one = (line: string) => read(`${line}\n`).kept[0];

/** What reading throws, so that line and column can be compared. */
function mistake(page: string, options?: Parameters<typeof read>[1]): ExpositionError {
  try {
    read(page, options);
  } catch (error) {
    if (error instanceof ExpositionError) return error;
    throw error;
  }
  throw new Error('it was read without a mistake');
}

describe('ExpositionReader', () => {
  it('reads a page of the text format', () => {
    const page = [
      '# HELP http_requests_total The total number of HTTP requests.',
      '# TYPE http_requests_total counter',
      'http_requests_total{method="post",code="200"} 1027 1395066363000',
      'http_requests_total{method="post",code="400"}    3 1395066363000',
      '',
      'msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9',
      'metric_without_timestamp_and_labels 12.47',
      'something_weird{problem="division by zero"} +Inf -3982045',
      'rpc_duration_seconds{quantile="0.5",} 4773',
      '',
    ].join('\n');
    expect(read(page)).toEqual({
      kept: [
        { name: 'http_requests_total', labels: { method: 'post', code: '200' }, value: 1027 },
        { name: 'http_requests_total', labels: { method: 'post', code: '400' }, value: 3 },
        {
          name: 'msdos_file_access_time_seconds',
          labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
          value: 1.458255915e9,
        },
        { name: 'metric_without_timestamp_and_labels', labels: {}, value: 12.47 },
        { name: 'rpc_duration_seconds', labels: { quantile: '0.5' }, value: 4773 },
      ],
      seen: 6,
      notFinite: 1,
      complete: false,
    });
  });

  it('reads OpenMetrics: exemplars, times in seconds, and its end', () => {
    const page = [
      '# TYPE foo histogram',
      '# UNIT foo seconds',
      'foo_bucket{le="0.1"} 8 # {} 0.054',
      'foo_bucket{le="1"} 11 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879600.1',
      'foo_created 1520430000.123',
      '# EOF',
      '',
    ].join('\n');
    const { kept, complete } = read(page);
    expect(kept.map(({ value }) => value)).toEqual([8, 11, 1520430000.123]);
    expect(complete).toBe(true);
  });

  it.each(['NaN', 'nan', '+Inf', '-Inf', 'Inf', 'Infinity', '1e999'])(
    'counts the value %s and leaves it out',
    (value) => {
      expect(read(`a ${value}\nb 1\n`)).toMatchObject({ kept: [{ name: 'b' }], seen: 2, notFinite: 1 });
    },
  );

  it('counts values that are not finite among the series to keep alone', () => {
    expect(read('a NaN\nb NaN\n', { filter: new SeriesFilter(['b']) }).notFinite).toBe(1);
  });

  it.each([
    ['a 1', 1],
    ['a -1.5e-3', -0.0015],
    ['a +.5', 0.5],
    ['a\t5.', 5],
    ['  a   1  ', 1],
    ['a 1\r', 1],
    ['a:b_c9 1', 1],
    ['a {} 1', 1],
  ])('reads %j', (line, value) => {
    expect(one(line)?.value).toBe(value);
  });

  it('takes an empty label for no label', () => {
    expect(one('a{b="",c="d"} 1')?.labels).toEqual({ c: 'd' });
  });

  it('keeps a backslash before a character that needs none', () => {
    expect(one('a{b="\\d"} 1')?.labels).toEqual({ b: '\\d' });
  });

  it('has no special label names', () => {
    expect(Object.entries(one('a{__proto__="x",constructor="y"} 1')!.labels)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('keeps what the filter keeps, and counts the rest', () => {
    const { kept, seen } = read('a 1\nb{c="d"} 2\nb{c="e"} 3\na 4\n', { filter: new SeriesFilter(['b']) });
    expect(kept).toEqual([
      { name: 'b', labels: { c: 'd' }, value: 2 },
      { name: 'b', labels: { c: 'e' }, value: 3 },
    ]);
    expect(seen).toBe(4);
  });

  it('reads a last line without its end', () => {
    expect(read('a 1\nb 2').kept).toHaveLength(2);
  });

  it.each([
    ['<html>', 1, 'expected a metric name'],
    ['9a 1', 1, 'expected a metric name'],
    ['a', 2, 'expected a space before the value'],
    ['a ', 3, 'expected a value'],
    ['a{b="c"}', 9, 'expected a space before the value'],
    ['a-b 1', 2, 'expected a space before the value'],
    ['a one', 3, 'expected a value'],
    ['a 1e', 3, 'expected a value'],
    ['a 0x10', 3, 'expected a value'],
    ['a 1 x', 5, 'expected a timestamp'],
    ['a 1 2 3', 7, 'expected the end of the line'],
    ['a{', 3, 'expected a label name or }'],
    ['a{1="b"} 1', 3, 'expected a label name or }'],
    ['a{b:c="d"} 1', 4, 'expected = after the label name b'],
    ['a{b} 1', 4, 'expected = after the label name b'],
    ['a{b=c} 1', 5, 'expected " before the value of the label b'],
    ['a{b="c} 1', 10, 'the value of the label b has no closing "'],
    ['a{b="c\\', 8, 'the value of the label b has no closing "'],
    ['a{b="c" d="e"} 1', 9, 'expected , or } after the label b'],
    ['a{b="c",b="d"} 1', 14, 'the label b occurs twice'],
    ['a{b="c",,} 1', 9, 'expected a label name or }'],
  ])('says where %j is wrong', (line, column, reason) => {
    const error = mistake(`# first\nfine 1\n${line}\n`);
    expect(error).toMatchObject({ kind: 'malformed', line: 3, column });
    expect(error.message).toBe(`line 3, column ${column}: ${reason}`);
  });

  it('checks lines of series that nobody keeps', () => {
    expect(mistake('a{b} 1\n', { filter: new SeriesFilter(['b']) }).column).toBe(4);
  });

  it('allows nothing but empty lines after the end of OpenMetrics', () => {
    expect(read('a 1\n# EOF\n\n').complete).toBe(true);
    expect(mistake('a 1\n# EOF\nb 1\n').line).toBe(3);
    expect(read('# EOFX\na 1\n').complete).toBe(false);
  });

  it('refuses more series than allowed, and counts only kept ones', () => {
    const page = 'a 1\nb{c="1"} 1\nb{c="2"} 1\nb{c="3"} 1\n';
    const filter = new SeriesFilter(['b']);
    expect(read(page, { filter, maxSeries: 3 }).kept).toHaveLength(3);
    expect(mistake(page, { filter, maxSeries: 2 })).toMatchObject({ kind: 'too-large', line: 4 });
  });

  it('refuses a line that is too long, whether it ends or not', () => {
    const long = `a{b="${'x'.repeat(100)}"} 1`;
    expect(mistake(`c 1\n${long}\n`, { maxLine: 99 })).toMatchObject({ kind: 'malformed', line: 2, column: 100 });
    expect(mistake('', { maxLine: 99, pieces: ['c 1\n', ...long] })).toMatchObject({ line: 2, column: 100 });
    expect(mistake('', { maxLine: 99, pieces: [long.slice(0, 50), `${long.slice(50)}\n`] })).toMatchObject({ line: 1 });
    expect(read(long, { maxLine: long.length }).kept).toHaveLength(1);
  });
});

const metricName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/);
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
const labelValue = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', ',', ' ', '=', '#', 'é', '日', '😀', '\t'),
});
const labels = fc.dictionary(labelName, labelValue, { maxKeys: 4 });
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer());
const blank = fc.stringMatching(/^[ \t]{1,3}$/);
const timestamp = fc.option(fc.integer(), { nil: undefined });
const written = fc.record({ name: metricName, labels, value, blank, timestamp });

/** An exposition writer with every freedom that the format gives. */
function write(series: { name: string; labels: object; value: number; blank: string; timestamp: number | undefined }) {
  const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  const pairs = Object.entries(series.labels).map(([name, text]) => `${name}="${escaped(String(text))}"`);
  const braces = pairs.length > 0 ? `{${pairs.join(`,${series.blank}`)}}` : '';
  const time = series.timestamp === undefined ? '' : `${series.blank}${series.timestamp}`;
  return `${series.name}${braces}${series.blank}${series.value}${time}`;
}

/** Cuts a text at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

describe('ExpositionReader, whatever the page', { timeout: 30_000 }, () => {
  it('reads back what was written, however it arrives', () => {
    fc.assert(
      fc.property(fc.array(written), fc.array(fc.nat(), { maxLength: 10 }), (page, places) => {
        const text = page.map((series) => `# a comment\n${write(series)}\n`).join('');
        const expected = page.map((series) => ({
          name: series.name,
          labels: Object.fromEntries(Object.entries(series.labels).filter(([, text]) => text !== '')),
          // The text of -0 is 0.
          value: series.value + 0,
        }));
        expect(read(text, { pieces: cut(text, places) }).kept).toEqual(expected);
      }),
    );
  });

  it('fails with its own error or not at all', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('a', '1', '{', '}', '"', '\\', '=', ',', ' ', '\n', '\r', '#', '.', 'e', '+'),
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(noise, written.map(write))),
        fc.array(fc.nat(), { maxLength: 5 }),
        (parts, places) => {
          const text = parts.join('\n');
          let outcome: unknown;
          try {
            outcome = read(text, { pieces: cut(text, places), maxSeries: 5, maxLine: 60 });
          } catch (error) {
            expect(error).toBeInstanceOf(ExpositionError);
            outcome = error;
          }
          // The same page in one piece has the same outcome.
          const whole = () => read(text, { maxSeries: 5, maxLine: 60 });
          if (outcome instanceof ExpositionError) expect(whole).toThrow(outcome.message);
          else expect(whole()).toEqual(outcome);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads a page of one mutated character to the same series or to a mistake in that line or later', () => {
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 3, maxLength: 3 }),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1 }),
        (page, place, char) => {
          const lines = page.map(write);
          const middle = lines[1]!;
          const at = place % middle.length;
          const text = [lines[0], middle.slice(0, at) + char + middle.slice(at + 1), lines[2]].join('\n');
          try {
            const { kept } = read(text);
            expect(kept[0]!.name).toBe(page[0]!.name);
          } catch (error) {
            expect(error).toBeInstanceOf(ExpositionError);
            expect((error as ExpositionError).line).toBeGreaterThanOrEqual(2);
          }
        },
      ),
    );
  });
});
