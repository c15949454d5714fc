import { describe, expect, it } from 'vitest';
import { checkArrows } from './arrows.js';
import { type Files, repositoryOf } from './repository.suite.js';

const entry = { types: './dist/index.d.ts', default: './dist/index.js' };
const WORKSPACES: Files = {
  'packages/resilience/package.json': { name: '@breakwater/resilience', exports: { '.': entry, './http': entry } },
  'packages/fleet/package.json': { name: '@breakwater/fleet', exports: { '.': entry } },
  'packages/stack/package.json': { name: '@breakwater/stack', exports: { '.': entry } },
  'packages/cli/package.json': { name: '@breakwater/cli', exports: { '.': entry } },
  'examples/collector/package.json': { name: '@breakwater/collector', exports: { '.': entry } },
  'testbed/package.json': { name: '@breakwater/testbed', exports: { '.': entry } },
};

const problems = (files: Files) =>
  checkArrows(repositoryOf({ ...WORKSPACES, ...files })).map(({ file, line, message }) => `${file}:${line} ${message}`);

/** What the check says about one import in one file. */
const judge = (file: string, specifier: string) => problems({ [file]: `import '${specifier}';` });

describe('arrows between packages', () => {
  it.each([
    ['packages/fleet/src/a.ts', '@breakwater/resilience'],
    ['packages/fleet/src/a.ts', '@breakwater/resilience/http'],
    ['packages/cli/src/a.ts', '@breakwater/stack'],
    ['examples/collector/src/a.ts', '@breakwater/fleet'],
    ['bench/src/a.ts', '@breakwater/collector'],
    ['bench/src/a.ts', '@breakwater/testbed'],
    ['testbed/soak/a.ts', '@breakwater/testbed'],
    ['testbed/soak/a.ts', '@breakwater/collector'],
    ['scripts/a.ts', '@breakwater/resilience'],
    ['packages/resilience/src/a.ts', 'undici'],
    ['packages/resilience/src/a.ts', 'node:net'],
  ])('%s may import %s', (file, specifier) => {
    expect(judge(file, specifier)).toEqual([]);
  });

  it.each([
    [
      'packages/resilience/src/a.ts',
      '@breakwater/fleet',
      /may not import packages\/fleet; it may import no other package/,
    ],
    ['packages/stack/src/a.ts', '@breakwater/resilience', /may not import packages\/resilience/],
    [
      'packages/fleet/src/a.ts',
      '@breakwater/stack',
      /may not import packages\/stack; it may import packages\/resilience$/,
    ],
    ['examples/collector/src/a.ts', '@breakwater/cli', /may not import packages\/cli/],
    ['testbed/src/a.ts', '@breakwater/resilience', /may not import packages\/resilience/],
    ['docs/a.test.ts', '@breakwater/collector', /may not import examples\/collector/],
    ['packages/resilience/src/a.ts', '@breakwater/nobody', /is no workspace/],
    ['packages/novel/src/a.ts', 'node:net', /no arrows are drawn/],
  ])('%s may not import %s', (file, specifier, message) => {
    expect(judge(file, specifier)).toEqual([expect.stringMatching(message)]);
  });

  it('hold for types and for imports made at run time too', () => {
    expect(problems({ 'packages/resilience/src/a.ts': "import type { A } from '@breakwater/fleet';" })).toHaveLength(1);
    expect(problems({ 'packages/resilience/src/a.ts': "type A = import('@breakwater/fleet').A;" })).toHaveLength(1);
    expect(problems({ 'packages/resilience/src/a.ts': "await import('@breakwater/fleet');" })).toHaveLength(1);
  });

  it('name the file and the line', () => {
    expect(problems({ 'packages/stack/src/a.ts': "import 'node:net';\nimport '@breakwater/fleet';" })).toEqual([
      expect.stringMatching(/^packages\/stack\/src\/a\.ts:2 /),
    ]);
  });
});

describe('the testbed', () => {
  it.each(['packages/resilience/src/a.test.ts', 'packages/resilience/src/a.suite.ts', 'examples/collector/test/a.ts'])(
    'may be imported by %s',
    (file) => {
      expect(judge(file, '@breakwater/testbed')).toEqual([]);
    },
  );

  it('may not be imported by what is no test', () => {
    expect(judge('packages/resilience/src/a.ts', '@breakwater/testbed')).toEqual([expect.stringMatching(/only tests/)]);
  });
});

describe('deep imports', () => {
  it.each([
    '@breakwater/resilience/src/core/call.js',
    '@breakwater/resilience/dist/index.js',
    '@breakwater/resilience/opossum',
  ])('refuses %s', (specifier) => {
    expect(judge('packages/fleet/src/a.ts', specifier)).toEqual([expect.stringMatching(/is not among the exports/)]);
  });

  it('refuses a path into another package', () => {
    expect(judge('packages/fleet/src/a.ts', '../../resilience/src/index.js')).toEqual([
      expect.stringMatching(/leaves packages\/fleet/),
    ]);
    expect(judge('packages/fleet/src/a.test.ts', '../../../testbed/src/index.js')).toHaveLength(1);
  });

  it('allows a path within a package, and from the root and the docs to the scripts', () => {
    expect(judge('packages/fleet/src/a/b.ts', '../c/d.js')).toEqual([]);
    expect(judge('vitest.config.ts', './scripts/workspace.js')).toEqual([]);
    expect(judge('docs/a.test.ts', '../scripts/workspace.js')).toEqual([]);
    expect(judge('testbed/soak/a.ts', '../src/process/wait.js')).toEqual([]);
    expect(judge('testbed/src/a.ts', '../soak/a.js')).toHaveLength(1);
    expect(judge('packages/fleet/src/a.ts', '../../../scripts/workspace.js')).toHaveLength(1);
  });

  it('keeps tests out of the product', () => {
    expect(judge('packages/fleet/src/a.ts', './a.suite.js')).toEqual([
      expect.stringMatching(/only tests may import it/),
    ]);
    expect(judge('packages/fleet/src/a.test.ts', './a.suite.js')).toEqual([]);
  });
});
