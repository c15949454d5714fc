import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricsPageError, readMetricsPage } from './metrics-page.js';

const read = (text: string) => readMetricsPage(text, 'page.txt').map(({ source: _, seen: __, ...metric }) => metric);

describe('a page', () => {
  it("is read in Prometheus' text format", () => {
    const page = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a\\"b\\\\c,}"} 5 1395066363000
http_requests_total{code="404",path=""} 1

# TYPE up gauge
up 1
something_else{ a = "1" , } +Inf
# TYPE lat histogram
lat_bucket{le="0.1",job="x"} 3
lat_bucket{le="+Inf",job="x"} 3
lat_sum{job="x"} 0.3
lat_count{job="x"} 3
# TYPE gc summary
gc{quantile="0.5"} NaN
gc_sum 1
gc_count 2
`;
    expect(read(page)).toEqual([
      {
        name: 'http_requests_total',
        type: 'counter',
        labels: { code: ['200', '404'], path: ['/a"b\\c,}'] },
        sometimes: ['path'],
      },
      { name: 'up', type: 'gauge', labels: {}, sometimes: [] },
      { name: 'something_else', type: 'untyped', labels: { a: ['1'] }, sometimes: [] },
      { name: 'lat', type: 'histogram', labels: { job: ['x'] }, sometimes: [] },
      { name: 'gc', type: 'summary', labels: {}, sometimes: [] },
    ]);
  });

  it('is read as OpenMetrics', () => {
    const page = `# TYPE requests counter
# UNIT requests requests
requests_total{code="200"} 5.0 1520879607.789 # {trace_id="a b"} 0.67
requests_created{code="200"} 1520430000.123
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE x unknown
x 1
# EOF
`;
    expect(read(page).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'requests_total counter',
      'requests_created gauge',
      'build_info gauge',
      'state gauge',
      'x untyped',
    ]);
  });

  it('lists no more than 30 values of a label', () => {
    const page = Array.from({ length: 31 }, (_, index) => `x{a="1",b="${index}"} 1`).join('\n');
    expect(read(page)).toEqual([{ name: 'x', type: 'untyped', labels: { a: ['1'], b: 'any' }, sometimes: [] }]);
  });

  it.each([
    ['<html>', 'page.txt:1: this is no line of a metrics page'],
    ['up 1\nup{a="1" 1', 'page.txt:2: cannot be read from " 1" on'],
    ['up{a=1} 1', 'cannot be read from'],
    ['up', 'page.txt:1: up has no value'],
    ['up yes', 'up has no value'],
    [`x{${Array.from({ length: 129 }, (_, index) => `l${index}="1"`).join(',')}} 1`, 'has more than 128 labels'],
  ])('%s is none', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('is read, or refused with its line, whatever it is', () => {
    const pieces = fc.constantFrom(
      'x',
      '{',
      '}',
      'a="b"',
      ',',
      ' ',
      '1',
      '\n',
      '#',
      '# TYPE x counter\n',
      '"',
      '\\',
      '=',
      'le',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (text) => {
          try {
            readMetricsPage(text, 'page.txt');
          } catch (error) {
            expect(error).toBeInstanceOf(MetricsPageError);
          }
        },
      ),
    );
  });
});
