import type { Workspace } from '../workspace.js';
import { isTest, type Problem, type Repository, resolveRelative } from './repository.js';

const LIBRARIES = ['resilience', 'fleet', 'delivery', 'autoscaler', 'stack', 'console'].map(
  (name) => `packages/${name}`,
);

/**
 * Who may import whom, and nothing else. `*` stands for one folder. Beside this, everybody may import what lies in their
 * own folder, and tests may import the testbed.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'packages/resilience': [],
  'packages/stack': [],
  'packages/console': [],
  'packages/fleet': ['packages/resilience'],
  'packages/delivery': ['packages/resilience'],
  'packages/autoscaler': ['packages/fleet', 'packages/resilience'],
  'packages/cli': LIBRARIES,
  'examples/*': LIBRARIES,
  testbed: [],
  // What drives whole programs sees what a user sees, and the test servers.
  'testbed/compose': ['testbed'],
  'testbed/soak': ['testbed', ...LIBRARIES, 'examples/*'],
  'testbed/stack': ['testbed', 'packages/stack', 'examples/*'],
  bench: ['testbed', ...LIBRARIES, 'examples/*'],
  scripts: [...LIBRARIES, 'packages/cli', 'examples/*'],
  docs: ['scripts', ...LIBRARIES],
  // The configuration files at the root.
  '.': ['scripts'],
};

const SCOPE = '@breakwater/';
const TESTBED = 'testbed';

/** Imports that no arrow allows, that reach past a package's exports, or that take a test into the product. */
export function checkArrows({ sources, workspaces }: Repository): Problem[] {
  const problems: Problem[] = [];
  for (const { file, imports } of sources) {
    const area = areaOf(file);
    if (area === undefined) {
      problems.push({
        file,
        message: 'no arrows are drawn for this folder; add it to ARROWS in scripts/check/arrows.ts',
      });
      continue;
    }
    for (const { specifier, line } of imports) {
      const message = specifier.startsWith('.')
        ? judgeFile(file, area, specifier)
        : specifier.startsWith(SCOPE)
          ? judgePackage(file, area, specifier, workspaces)
          : undefined;
      if (message !== undefined) problems.push({ file, line, message });
    }
  }
  return problems;
}

/** The most precise row of the table that holds the file, its `*` filled in. */
function areaOf(file: string): string | undefined {
  if (!file.includes('/')) return '.';
  const [first, second] = file.split('/') as [string, string];
  const row = [`${first}/${second}`, `${first}/*`, first].find((name) => ARROWS[name] !== undefined);
  return row?.replace('*', second);
}

const arrowsOf = (area: string): readonly string[] => ARROWS[area] ?? ARROWS[area.replace(/\/.*/, '/*')]!;

const allows = (area: string, target: string): boolean =>
  arrowsOf(area).some((pattern) => pattern === target || pattern === target.replace(/\/.*/, '/*'));

function judgeFile(file: string, area: string, specifier: string): string | undefined {
  const target = resolveRelative(file, specifier);
  if (isTest(target) && !isTest(file)) return `${specifier} is a test; only tests may import it`;
  const targetArea = areaOf(target);
  if (targetArea === area) return undefined;
  // By a path only what is no package with a name, or the package that holds this area.
  const near = targetArea === 'scripts' || area.startsWith(`${targetArea}/`);
  if (near && targetArea !== undefined && allows(area, targetArea)) return undefined;
  return `${specifier} leaves ${area}; import another package by its name, along an arrow`;
}

function judgePackage(file: string, area: string, specifier: string, all: readonly Workspace[]): string | undefined {
  const [name, ...rest] = specifier.slice(SCOPE.length).split('/');
  const target = all.find(({ manifest }) => manifest.name === SCOPE + name);
  if (target === undefined) return `${specifier} is no workspace of this repository`;
  const entry = ['.', ...rest].join('/');
  if (target.manifest.exports?.[entry] === undefined) return `${specifier} is not among the exports of ${SCOPE}${name}`;
  if (target.folder === area || allows(area, target.folder)) return undefined;
  if (target.folder === TESTBED)
    return isTest(file) ? undefined : 'only tests, the bench and the soak may import the testbed';
  const allowed = arrowsOf(area).join(', ');
  return `${area} may not import ${target.folder}; it may import ${allowed === '' ? 'no other package' : allowed}`;
}
