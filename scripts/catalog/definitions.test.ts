import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDefinitions } from './definitions.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'breakwater-catalog-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const definition = (name: string) => `{ name: '${name}', type: 'counter', help: 'Things', labels: {} }`;

describe('readDefinitions', () => {
  it('reads what the metrics files of packages and examples export, as built, by name', async () => {
    write('packages/kit/package.json', '{ "name": "@breakwater/kit", "type": "module" }');
    write('packages/kit/src/batch/metrics.ts', '');
    write(
      'packages/kit/dist/batch/metrics.js',
      `export const B = { b: ${definition('b_total')}, a: ${definition('a_total')} };`,
    );
    write('examples/service/package.json', '{ "name": "service", "type": "module" }');
    write('examples/service/src/metrics.ts', '');
    write('examples/service/dist/metrics.js', `export const C = { c: ${definition('aa_total')} };`);
    const found = await readDefinitions(root);
    expect(found.map(({ name, package: owner }) => [name, owner])).toEqual([
      ['a_total', '@breakwater/kit'],
      ['aa_total', 'service'],
      ['b_total', '@breakwater/kit'],
    ]);
  });

  it('leaves out what is no list of metrics, what has no source any more, and what is not part of a product', async () => {
    write('packages/kit/package.json', '{ "name": "@breakwater/kit", "type": "module" }');
    write('packages/kit/src/metrics.ts', '');
    write(
      'packages/kit/dist/metrics.js',
      `export const STATES = ['open']; export const MOST = 20; export const NAMES = { open: 'o' };
       export const isOpen = () => true; export const M = { a: ${definition('a_total')} };`,
    );
    write('packages/kit/dist/gone/metrics.js', `export const G = { g: ${definition('gone_total')} };`);
    write('bench/package.json', '{ "name": "bench", "type": "module" }');
    write('bench/src/metrics.ts', '');
    write('bench/dist/metrics.js', `export const N = { n: ${definition('bench_total')} };`);
    expect((await readDefinitions(root)).map(({ name }) => name)).toEqual(['a_total']);
  });
});
