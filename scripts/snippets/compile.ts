import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishable, ROOT } from '../workspace.js';
import type { Snippet } from './snippet.js';

/** The snippets as JavaScript that Node can run against the packages as they are published. */
export interface CompiledSnippets extends Disposable {
  /** The compiler's complaints about one snippet, with the line numbers of the Markdown file. */
  errorsOf(snippet: Snippet): readonly string[];
  /** The program that it became. */
  programOf(snippet: Snippet): string;
}

const nameOf = ({ file, line }: Snippet) => `${file.replaceAll(/\W+/g, '-')}-${line}`;

function tsc(...args: string[]): { ok: boolean; output: string } {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...args], { cwd: ROOT, encoding: 'utf8' });
  return { ok: status === 0, output: stdout + stderr };
}

/** Builds the packages where they changed, then compiles all snippets in one run, as strictly as our own code. */
export function compileSnippets(snippets: readonly Snippet[]): CompiledSnippets {
  const build = tsc('-b', ...publishable().map(({ folder }) => folder));
  if (!build.ok) process.stderr.write(`the packages do not build:\n${build.output}`);

  // Below node_modules, so that imports resolve to our packages, through their exports, as a user's would.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'breakwater-snippets-'));
  mkdirSync(join(dir, 'src'));
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const snippet of snippets) {
    // Blank lines before it make the compiler count as the Markdown file does.
    writeFileSync(join(dir, 'src', `${nameOf(snippet)}.ts`), '\n'.repeat(snippet.line) + snippet.code);
  }
  const { output } = tsc('-p', dir, '--pretty', 'false');
  return {
    errorsOf: (snippet) => output.split('\n').filter((line) => line.includes(`/src/${nameOf(snippet)}.ts(`)),
    programOf: (snippet) => join(dir, 'out', `${nameOf(snippet)}.js`),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

const TSCONFIG = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: {
    rootDir: 'src',
    outDir: 'out',
    moduleDetection: 'force',
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    stripInternal: false,
    // A block may show a value and leave its use to the reader.
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  include: ['src'],
};
