import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompiledSnippets, compileSnippets } from './compile.js';
import type { Snippet } from './snippet.js';

const snippet = (line: number, ...code: string[]): Snippet => ({
  file: 'docs/a.md',
  line,
  code: code.join('\n'),
  prints: [],
});

const good = snippet(
  3,
  "import { ConfigError } from '@breakwater/resilience';",
  'console.log(await new ConfigError().code);',
);
const wrong = snippet(20, 'const a: number = 1;', 'const b: string = a;');
const unknown = snippet(40, "import { nothing } from '@breakwater/resilience';");
const inside = snippet(60, "import { Call } from '@breakwater/resilience/src/core/call.js';");

describe('compileSnippets', { timeout: 180_000 }, () => {
  let compiled: CompiledSnippets;

  beforeAll(() => {
    compiled = compileSnippets([good, wrong, unknown, inside]);
  }, 180_000);
  afterAll(() => compiled?.[Symbol.dispose]());

  it('makes a program that runs against the published package', () => {
    expect(compiled.errorsOf(good)).toEqual([]);
    expect(execFileSync(process.execPath, [compiled.programOf(good)], { encoding: 'utf8' })).toBe(
      'ERR_BREAKWATER_CONFIG\n',
    );
  });

  it("tells each snippet's errors by the lines of its document", () => {
    expect(compiled.errorsOf(wrong)).toEqual([expect.stringMatching(/\(22,7\): error TS2322/)]);
    expect(compiled.errorsOf(unknown)).toEqual([expect.stringMatching(/\(41,10\): error TS2305/)]);
  });

  it('refuses what a user could not import', () => {
    expect(compiled.errorsOf(inside)).toEqual([expect.stringMatching(/\(61,22\): error TS2307/)]);
  });
});
