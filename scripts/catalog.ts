import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_EXPORTED_BY_COLLECTOR } from './catalog/collector.js';
import { type Catalog, catalogOf, differences } from './catalog/compare.js';
import { readDefinitions } from './catalog/definitions.js';
import { namingProblems } from './catalog/rules.js';
import { runTool } from './check/programs.js';
import { ROOT } from './workspace.js';

/**
 * Writes `metrics.catalog.json` and its copy, the list of every metric that our processes can show; with `--check` it compares instead. A
 * metric that breaks the naming rules, or has the name of another, gets into no catalog.
 */

const FILE = join(ROOT, 'metrics.catalog.json');
/** The same, published with the package that checks stacks: a user has no clone. */
const COPY = join(ROOT, 'packages/stack/data/metrics.catalog.json');

const PREFIXES: Readonly<Record<string, readonly string[]>> = {
  '@breakwater/resilience': [
    'batch_',
    'circuit_breaker_',
    'coalesce_',
    'connection_pool_',
    'fallback_',
    'retry_',
    'semaphore_',
    'timeout_',
  ],
  '@breakwater/delivery': ['delivery_'],
  '@breakwater/fleet': ['fleet_'],
  '@breakwater/telemetry-collector': ['telemetry_', 'process_'],
};

const definitions = await readDefinitions();
const catalog = catalogOf(definitions, NOT_EXPORTED_BY_COLLECTOR);
const problems = [
  ...definitions.flatMap((definition) => namingProblems(definition, PREFIXES[definition.package] ?? [])),
  ...definitions
    .filter(({ name }, index) => definitions[index + 1]?.name === name)
    .map(({ name }) => `${name}: two metrics have this name`),
  ...NOT_EXPORTED_BY_COLLECTOR.filter((listed) => definitions.every(({ name }) => name !== listed)).map(
    (listed) => `${listed}: no package has this metric; take it out of scripts/catalog/collector.ts`,
  ),
];

if (problems.length === 0 && process.argv.includes('--check')) {
  if (!existsSync(FILE)) problems.push('metrics.catalog.json is missing; npm run catalog writes it');
  else {
    const stale = differences(JSON.parse(readFileSync(FILE, 'utf8')) as Catalog, catalog);
    if (stale.length > 0) problems.push('metrics.catalog.json is stale; npm run catalog writes it anew:', ...stale);
    if (!existsSync(COPY) || readFileSync(COPY, 'utf8') !== readFileSync(FILE, 'utf8')) {
      problems.push('packages/stack/data/metrics.catalog.json is not its copy; npm run catalog writes it anew');
    }
  }
} else if (problems.length === 0) {
  writeFileSync(FILE, JSON.stringify(catalog));
  problems.push(...runTool('biome', 'format', '--write', FILE));
  copyFileSync(FILE, COPY);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
