import { defineConfig } from 'vitest/config';
import { alias } from './vitest.config.js';

// What Stryker runs against each mutant: the unit tests of the resilience library, and nothing that it cannot reach.
export default defineConfig({
  resolve: { alias },
  test: {
    include: ['packages/resilience/src/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.servers.test.ts', '**/*.system.test.ts'],
  },
});
