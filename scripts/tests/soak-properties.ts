import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ownFiles } from '../workspace.js';

const HELP = `usage: npm run soak:properties -- [--minutes 30] [path...]

Runs the unit tests that have properties of fast-check, below the paths if there are any, again and again with other
seeds until the time is over. Ends with the first round in which one fails, and exits 1: its output names the seed.`;

/** @returns the exit code of the round that failed, or 0. */
async function soak(minutes: number, paths: readonly string[]): Promise<number> {
  const files = ownFiles().filter((file) => hasProperties(file) && isBelow(file, paths));
  if (files.length === 0) {
    console.error(`no unit test with properties below ${paths.join(', ')}: give paths from the root of the repository`);
    return 2;
  }
  const endMs = Date.now() + minutes * 60_000;
  for (let round = 1; ; round++) {
    const code = await runOnce(files);
    if (code !== 0) return code;
    console.log(`round ${round} of ${files.length} files: no property failed`);
    if (Date.now() >= endMs) return 0;
  }
}

function hasProperties(file: string): boolean {
  if (!file.endsWith('.test.ts') || /\.(?:servers|system)\.test\.ts$/.test(file)) return false;
  return readFileSync(file, 'utf8').includes("from 'fast-check'");
}

const isBelow = (file: string, paths: readonly string[]): boolean =>
  paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`));

async function runOnce(files: readonly string[]): Promise<number> {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--reporter', 'dot', ...files];
  // Without CI seeds are random.
  const { CI: _, ...env } = process.env;
  const child = spawn(process.execPath, vitest, { stdio: 'inherit', env });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '30' }, help: { type: 'boolean' } },
});
const minutes = Number(values.minutes);
if (values.help) {
  console.log(HELP);
} else if (!(minutes > 0 && minutes <= 1_440)) {
  console.error(`--minutes is ${values.minutes}; it takes a number above 0, to 1440\n\n${HELP}`);
  process.exitCode = 2;
} else {
  process.exitCode = await soak(minutes, positionals);
}
