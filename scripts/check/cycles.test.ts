import { describe, expect, it } from 'vitest';
import { checkCycles } from './cycles.js';
import { repositoryOf } from './repository.suite.js';

/** Files with what each imports, all in one folder. */
const cycles = (graph: Record<string, string[]>) =>
  checkCycles(
    repositoryOf(
      Object.fromEntries(
        Object.entries(graph).map(([name, targets]) => [
          `packages/a/src/${name}.ts`,
          targets.map((target) => `import './${target}.js';`).join('\n'),
        ]),
      ),
    ),
  ).map(({ message }) => message.replaceAll('packages/a/src/', '').replaceAll('.ts', ''));

describe('checkCycles', () => {
  it('is content with a graph that has none', () => {
    expect(cycles({ top: ['left', 'right'], left: ['bottom'], right: ['bottom'], bottom: ['gone'] })).toEqual([]);
  });

  it('finds two files that import each other', () => {
    expect(cycles({ a: ['b'], b: ['a'] })).toEqual(['imports itself: a → b → a']);
  });

  it('finds a file that imports itself', () => {
    expect(cycles({ a: ['a'] })).toEqual(['imports itself: a → a']);
  });

  it('finds the shortest way round, also behind files that are in no cycle', () => {
    expect(cycles({ entry: ['a'], a: ['b', 'long'], b: ['c'], c: ['a'], long: ['way'], way: ['b'] })).toEqual([
      'imports itself: a → b → c → a',
    ]);
  });

  it('finds every one of several', () => {
    expect(cycles({ a: ['b'], b: ['a'], c: ['d'], d: ['c'] })).toHaveLength(2);
  });

  it('counts types too', () => {
    const files = { 'bench/a.ts': "import type { B } from './b.js';", 'bench/b.ts': "export * from './a.js';" };
    expect(checkCycles(repositoryOf(files))).toHaveLength(1);
  });
});
