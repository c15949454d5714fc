import { describe, expect, it } from 'vitest';
import { paintFor } from './style.js';
import { layOut, shorten } from './table.js';

const plain = paintFor(false, {});
const columns = [{ title: 'TARGET' }, { title: 'VALUE', flexible: true }, { title: 'P95', align: 'right' as const }];

describe('a table', () => {
  it('aligns its columns', () => {
    const rows = [
      ['web', 'status 200', '3.2 ms'],
      ['resolver', '127.0.0.1', '850 µs'],
    ];
    expect(layOut(columns, rows, 80, plain)).toEqual([
      'TARGET    VALUE          P95',
      'web       status 200  3.2 ms',
      'resolver  127.0.0.1   850 µs',
    ]);
  });

  it('cuts the flexible column when the terminal is narrow', () => {
    const lines = layOut(columns, [['web', 'x'.repeat(200), '3.2 ms']], 40, plain);
    expect(lines[1]).toBe(`web     ${'x'.repeat(23)}…  3.2 ms`);
    expect(lines[1]).toHaveLength(40);
  });

  it('leaves out columns that do not fit at all, rather than wrap', () => {
    expect(layOut(columns, [['web', 'status 200', '3.2 ms']], 12, plain)).toEqual(['TARGET', 'web']);
  });

  it('does not count colours as width', () => {
    const paint = paintFor(true, {});
    const [, styled] = layOut(columns, [[{ text: 'web', style: 'red' }, 'v', '1 ms']], 80, paint);
    expect(styled).toBe('\u001b[31mweb\u001b[39m     v      1 ms');
  });

  it('counts characters, not UTF-16 units', () => {
    expect(shorten('größe😀😀😀', 7)).toBe('größe😀…');
    expect(shorten('größe😀😀', 7)).toBe('größe😀😀');
  });
});

describe('colours', () => {
  it('are for terminals that want them', () => {
    expect(paintFor(true, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) expect(paintFor(true, env)('red', 'x')).toBe('x');
    expect(paintFor(true, { NO_COLOR: '' })('red', 'x')).not.toBe('x');
    expect(paintFor(false, {})('red', 'x')).toBe('x');
  });
});
