import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { publishable, ROOT } from '../workspace.js';

const MOST_OUTPUT = 100_000_000;

/** Runs a tool of the workspace. Empty when it is content, else the lines that it printed. */
export function runTool(name: string, ...args: string[]): string[] {
  const path = join(ROOT, 'node_modules', '.bin', name);
  const { status, stdout, stderr, error } = spawnSync(path, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  });
  if (status === 0) return [];
  const printed = [stdout, stderr, error?.message ?? ''].join('\n').split('\n');
  const said = printed.filter((line) => line.trim() !== '');
  return said.length > 0 ? said : [`${name} failed without a word`];
}

/** Whether what npm would publish can be imported by every kind of user. */
export async function lintPackages(): Promise<string[]> {
  const problems: string[] = [];
  for (const { folder, manifest } of publishable()) {
    const { messages } = await publint({ pkgDir: join(ROOT, folder), strict: true, pack: 'npm' });
    problems.push(...messages.map((message) => `${folder}: ${formatMessage(message, manifest, { color: false })}`));
  }
  return problems;
}
