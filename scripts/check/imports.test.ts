import { describe, expect, it } from 'vitest';
import { readImports } from './imports.js';

const read = (source: string) => readImports('a.ts', source);

describe('readImports', () => {
  it.each([
    ["import a from 'x';", false],
    ["import { type A, b } from 'x';", false],
    ["import { type A } from 'x';", false],
    ["import type { A } from 'x';", true],
    ["import 'x';", false],
    ["export * from 'x';", false],
    ["export { a } from 'x';", false],
    ["export type { A } from 'x';", true],
    ["const a = await import('x');", false],
    ["type A = import('x').A;", true],
    ["type A = typeof import('x');", true],
    ["import a = require('x');", false],
  ])('reads %s', (source, typeOnly) => {
    expect(read(source)).toEqual([{ specifier: 'x', line: 1, typeOnly }]);
  });

  it('does not take text for an import', () => {
    expect(read(`const a = "import b from 'x'"; // import c from 'y'\nexport const d = 1;`)).toEqual([]);
  });

  it('says on which line', () => {
    expect(read("\n\nimport 'x';\nimport 'y';").map(({ line }) => line)).toEqual([3, 4]);
  });

  it('refuses what is no TypeScript, by its name', () => {
    expect(() => read('import {')).toThrow(/^a\.ts: /);
  });
});
