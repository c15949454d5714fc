import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const roots = '{packages/*,examples/*,testbed,bench}';
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Tests run the sources, so that a stale build is never what passes; system tests start the built programs.
const alias = [
  { find: /^@breakwater\/resilience$/, replacement: source('packages/resilience/src/index.ts') },
  { find: /^@breakwater\/resilience\/(\w+)$/, replacement: source('packages/resilience/src/$1/index.ts') },
  { find: /^@breakwater\/testbed$/, replacement: source('testbed/src/index.ts') },
];
const exclude = ['**/node_modules/**', '**/dist/**'];

// unit: no server of others, no sleeping. servers: asks the testbed for real servers. system: takes minutes.
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: [`${roots}/{src,test}/**/*.test.ts`, 'scripts/**/*.test.ts', 'docs/**/*.test.ts'],
          exclude: [...exclude, '**/*.servers.test.ts', '**/*.system.test.ts'],
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'servers',
          include: [`${roots}/{src,test}/**/*.servers.test.ts`],
          exclude,
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'system',
          include: [`${roots}/{src,test}/**/*.system.test.ts`],
          exclude,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
