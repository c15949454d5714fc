import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { CiReporter } from './scripts/tests/ci-reporter.js';
import { ownFiles } from './scripts/workspace.js';

const roots = '{packages/*,examples/*,testbed,testbed/stack,bench}';
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run the sources, so that a stale build is never what passes; system tests start the built programs.
export const alias = [
  { find: /^@breakwater\/resilience$/, replacement: source('packages/resilience/src/index.ts') },
  { find: /^@breakwater\/resilience\/(\w+)$/, replacement: source('packages/resilience/src/$1/index.ts') },
  { find: /^@breakwater\/delivery$/, replacement: source('packages/delivery/src/index.ts') },
  { find: /^@breakwater\/delivery\/([\w-]+)$/, replacement: source('packages/delivery/src/$1/index.ts') },
  { find: /^@breakwater\/fleet$/, replacement: source('packages/fleet/src/index.ts') },
  { find: /^@breakwater\/fleet\/(\w+)$/, replacement: source('packages/fleet/src/$1/index.ts') },
  { find: /^@breakwater\/stack$/, replacement: source('packages/stack/src/index.ts') },
  { find: /^@breakwater\/testbed$/, replacement: source('testbed/src/index.ts') },
];
const exclude = ['**/node_modules/**', '**/dist/**'];
const polled = { poll: { timeout: 30_000 } };

// Real servers, sockets and time have races of their own. In CI a test gets a second try, and is named where it needed it.
const retry = process.env['CI'] === undefined ? 0 : 1;
const setupFiles = process.env['CI'] === undefined ? [] : [source('scripts/tests/property-seed.ts')];

const withoutServers = process.env['BREAKWATER_SERVERS'] === 'none';
if (withoutServers) {
  const leftOut = ownFiles().filter((file) => /\.servers\.(?:system\.)?test\.ts$/.test(file));
  const names = leftOut.map((file) => `  ${file}\n`).join('');
  process.stderr.write(`BREAKWATER_SERVERS=none leaves out ${leftOut.length} files that need servers:\n${names}`);
}

// unit: no server of others, no sleeping. servers: asks the testbed for real servers. system: takes minutes, and asks
// for servers where the file is called *.servers.system.test.ts. Limits of time end what hangs, on a slow machine too:
// they measure nothing.
export default defineConfig({
  test: {
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', new CiReporter()],
    passWithNoTests: withoutServers,
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: [`${roots}/{src,test,scripts}/**/*.test.ts`, 'scripts/**/*.test.ts', 'docs/**/*.test.ts'],
          exclude: [...exclude, '**/*.servers.test.ts', '**/*.system.test.ts'],
          expect: polled,
          setupFiles,
          retry,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // One for each core: vitest's own number is one less, which is half of a machine with two.
          maxWorkers: availableParallelism(),
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'servers',
          include: withoutServers ? [] : [`${roots}/{src,test}/**/*.servers.test.ts`],
          exclude,
          expect: polled,
          setupFiles,
          retry,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'system',
          include: [`${roots}/{src,test}/**/*.system.test.ts`],
          exclude: withoutServers ? [...exclude, '**/*.servers.system.test.ts'] : exclude,
          expect: polled,
          retry,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
