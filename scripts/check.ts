import { apiFiles } from './api.js';
import { checkArrows } from './check/arrows.js';
import { checkCycles } from './check/cycles.js';
import { checkLockfile } from './check/lockfile.js';
import { checkManifests } from './check/manifests.js';
import { checkOptionalPeers } from './check/optional-peers.js';
import { lintPackages, runTool } from './check/programs.js';
import { type Problem, type Repository, readRepository } from './check/repository.js';
import { checkUnfinishedTests } from './check/unfinished-tests.js';
import { tally } from './tests/tally.js';

/** One thing that must hold. */
interface Step {
  readonly name: string;
  /** What to do when it fails. */
  readonly advice: string;
  /** What does not hold, a line each. */
  run(): readonly string[] | Promise<readonly string[]>;
}

let repository: Repository | undefined;

/** A check that reads our own files; they are read once for all of them. */
const own = (check: (repository: Repository) => readonly Problem[]) => () => {
  repository ??= readRepository();
  return check(repository).map(
    ({ file, line, message }) => `${file}${line === undefined ? '' : `:${line}`} ${message}`,
  );
};

const STEPS: readonly Step[] = [
  { name: 'types of the products', advice: 'npm run build', run: () => runTool('tsc', '-b') },
  {
    name: 'types of the tests',
    advice: 'npx tsc -p tsconfig.tests.json',
    run: () => runTool('tsc', '-p', 'tsconfig.tests.json'),
  },
  { name: 'format and lint', advice: 'npm run format', run: () => runTool('biome', 'check', '--error-on-warnings') },
  { name: 'arrows', advice: 'CONTRIBUTING.md says who may import whom', run: own(checkArrows) },
  { name: 'import cycles', advice: 'move what both need into a file of its own', run: own(checkCycles) },
  {
    name: 'optional peers',
    advice: 'import a peer only below the entry that is named after it',
    run: own(checkOptionalPeers),
  },
  { name: 'unfinished tests', advice: 'finish or delete them', run: own(checkUnfinishedTests) },
  { name: 'dead code', advice: 'npx knip', run: () => runTool('knip', '--no-progress') },
  { name: 'package.json files', advice: 'mend what is named', run: own(checkManifests) },
  { name: 'lockfile', advice: 'npm install', run: own(checkLockfile) },
  { name: 'packages as published', advice: 'npx publint <folder>', run: lintPackages },
  {
    name: 'public API files',
    advice: 'npm run api, then review the difference',
    run: () => apiFiles({ write: false }),
  },
  { name: 'metrics catalog', advice: 'npm run catalog', run: () => runTool('tsx', 'scripts/catalog.ts', '--check') },
  {
    name: 'rendered files',
    advice: 'npx breakwater generate',
    run: () => runTool('breakwater', 'generate', '--check'),
  },
  { name: 'the stack fits', advice: 'docs/stack.md lists the checks', run: () => runTool('breakwater', 'check') },
];

/** How much of what is wrong one step shows. */
const SHOWN = 40;

/** A check that breaks down fails; the others still run. */
async function problemsOf(run: Step['run']): Promise<readonly string[]> {
  try {
    return await run();
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

const failures: string[] = [];
for (const { name, advice, run } of STEPS) {
  const problems = await problemsOf(run);
  if (problems.length === 0) {
    process.stdout.write(`ok      ${name}\n`);
    continue;
  }
  failures.push(`check ${name}: ${problems[0] ?? ''}`);
  const more = problems.length > SHOWN ? [`... and ${problems.length - SHOWN} lines more`] : [];
  const shown = [...problems.slice(0, SHOWN), ...more].map((line) => `          ${line}\n`);
  process.stdout.write(`FAILED  ${name} (${advice})\n${shown.join('')}`);
}
tally(STEPS.length - failures.length, failures);
process.exitCode = failures.length > 0 ? 1 : 0;
