import { expect, it } from 'vitest';
import { samples } from './pages.suite.js';
import { Samples } from './samples.js';

it('reads values, escapes, times and numbers of every form', () => {
  const page = samples(
    '# TYPE a counter\na{x="1",y="\\"q\\", {b}\\n"} 1.5e3 1700000000000\na{x="2",} +Inf\nb NaN\n\nc 7\r\n',
  );
  expect(page.of('a').map(({ labels, value }) => [Object.fromEntries(labels), value])).toEqual([
    [{ x: '1', y: '"q", {b}\n' }, 1500],
    [{ x: '2' }, Number.POSITIVE_INFINITY],
  ]);
  expect(page.of('b')[0]!.value).toBeNaN();
  expect(page.sum('c')).toBe(7);
});

it('finds by labels, adds up, and lists values', () => {
  const page = samples('a{x="1",y="1"} 1\na{x="1",y="2"} 2\na{x="2",y="1"} 4\n');
  expect(page.sum('a', { x: '1' })).toBe(3);
  expect(page.sum('a')).toBe(7);
  expect(page.of('a', { x: '2', y: '2' })).toEqual([]);
  expect(page.values('a', 'x')).toEqual(['1', '2']);
  expect(page.sum('none')).toBe(0);
});

it.each(['', '<html>no</html>', 'a{x=1} 2', 'a', 'a{x="1"} two', '{"a": 1}'])('is no page: %s', (text) => {
  expect(Samples.read(text)).toBeUndefined();
});

it('reads a long line of one character in no time', () => {
  const start = performance.now();
  expect(Samples.read(`a{x="${'\\\\'.repeat(200_000)}`)).toBeUndefined();
  expect(Samples.read('1'.repeat(200_000))).toBeUndefined();
  // Steps that grow with the square of the length take minutes.
  expect(performance.now() - start).toBeLessThan(20_000);
});
