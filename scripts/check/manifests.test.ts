import { describe, expect, it } from 'vitest';
import type { Manifest } from '../workspace.js';
import { checkManifests } from './manifests.js';
import { repositoryOf } from './repository.suite.js';

const COMMON = { license: 'MIT', type: 'module', engines: { node: '>=20.19' }, version: '0.1.0' };
const PUBLISHED: Manifest = {
  ...COMMON,
  name: '@breakwater/a',
  description: 'A package',
  sideEffects: false,
  files: ['dist', 'README.md', 'LICENSE'],
  exports: {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './guest': { types: './dist/guest/index.d.ts', default: './dist/guest/index.js' },
  },
  dependencies: { undici: '^7.30.2' },
  devDependencies: { '@breakwater/testbed': '0.1.0' },
};
const TESTBED: Manifest = { ...COMMON, name: '@breakwater/testbed', private: true };
const FILES = {
  'packages/a/README.md': '',
  'packages/a/LICENSE': '',
  'packages/a/src/index.ts': '',
  'packages/a/src/guest/index.ts': '',
};

const check = (changes: Record<string, unknown>, files: Record<string, string> = FILES) =>
  checkManifests(
    repositoryOf({
      'packages/a/package.json': { ...PUBLISHED, ...changes },
      'testbed/package.json': TESTBED,
      ...files,
    }),
  ).map(({ file, message }) => `${file} ${message}`);

describe('checkManifests', () => {
  it('is content with what can be published, and with what is private', () => {
    expect(check({})).toEqual([]);
  });

  it.each([
    [{ license: 'GPL-3.0' }, /license is GPL-3\.0/],
    [{ type: 'commonjs' }, /type must be "module"/],
    [{ engines: { node: '>=18' } }, /engines\.node is >=18/],
    [{ engines: undefined }, /engines\.node is undefined/],
    [{ private: true }, /remove "private"/],
    [{ description: undefined }, /description is missing/],
    [{ sideEffects: undefined }, /sideEffects must be false/],
    [{ files: ['dist'] }, /files must name dist, README\.md and LICENSE/],
    [{ dependencies: { '@breakwater/testbed': '0.1.0' } }, /the testbed is for tests/],
    [{ devDependencies: { '@breakwater/testbed': '0.2.0' } }, /testbed is 0\.2\.0, and here it is 0\.1\.0/],
    [{ devDependencies: { vitest: '^4.0.0' } }, /vitest is \^4\.0\.0; name one version/],
    [{ exports: { './guest': PUBLISHED.exports!['./guest'] } }, /exports has no "\."/],
  ])('refuses %j: %s', (changes, message) => {
    expect(check(changes)).toEqual([expect.stringMatching(message)]);
  });

  it('asks no exports of a program', () => {
    const program = { exports: undefined, sideEffects: undefined, bin: { a: './dist/main.js' } };
    expect(check(program)).toEqual([]);
    expect(check({ ...program, bin: undefined })).toHaveLength(2);
  });

  it('refuses an entry whose conditions are out of order, or that has no source', () => {
    const disordered = { '.': { default: './dist/index.js', types: './dist/index.d.ts' } };
    expect(check({ exports: disordered })).toEqual([expect.stringMatching(/exports\["\."\] must be \{"types"/)]);
    const { 'packages/a/src/guest/index.ts': _, ...rest } = FILES;
    expect(check({}, rest)).toEqual([expect.stringMatching(/exports\["\.\/guest"\] has no source/)]);
  });

  it('refuses a published package without README or LICENSE', () => {
    const { 'packages/a/README.md': _readme, 'packages/a/LICENSE': _license, ...rest } = FILES;
    expect(check({}, rest)).toEqual([expect.stringMatching(/README/), expect.stringMatching(/LICENSE/)]);
  });

  it('refuses a public package outside packages/', () => {
    const bench = repositoryOf({ 'bench/package.json': { ...COMMON, name: '@breakwater/bench' } });
    expect(checkManifests(bench)).toEqual([
      { file: 'bench/package.json', message: expect.stringMatching(/only what lies in packages\/ is published/) },
    ]);
  });
});
