import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompiledSnippets, compileSnippets } from '../scripts/snippets/compile.js';
import { readSnippets } from '../scripts/snippets/snippet.js';
import { ownFiles, ROOT } from '../scripts/workspace.js';

// API files hold declarations for review, not examples.
const documents = ownFiles().filter((file) => file.endsWith('.md') && !file.endsWith('.api.md'));
const snippets = documents.flatMap((file) => readSnippets(file, readFileSync(join(ROOT, file), 'utf8')));

/** Guards against hanging. */
const RUN_WITHIN_MS = 120_000;

async function run(program: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_WITHIN_MS });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, stdout, stderr };
}

describe('the code in the documentation', { timeout: 2 * RUN_WITHIN_MS }, () => {
  let compiled: CompiledSnippets;

  beforeAll(() => {
    compiled = compileSnippets(snippets);
  }, 300_000);
  afterAll(() => compiled?.[Symbol.dispose]());

  const named = snippets.map((snippet) => [`${snippet.file}:${snippet.line}`, snippet] as const);

  it.concurrent.each(named)('compiles, runs and prints what it says: %s', async (_name, snippet) => {
    expect(compiled.errorsOf(snippet)).toEqual([]);
    const { exitCode, stdout, stderr } = await run(compiled.programOf(snippet));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    if (snippet.prints.length > 0) expect(stdout.trimEnd().split('\n')).toEqual(snippet.prints);
  });
});
