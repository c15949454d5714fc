import type { Reporter, TestModule } from 'vitest/node';
import { tally } from './tally.js';

/**
 * Fails a run in which a test was skipped or left to do: what cannot run here is a command of its own, never a skip.
 * Adds the run's numbers to the tally.
 */
export class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    if (skipped.length > 0) {
      process.exitCode = 1;
      process.stderr.write(
        `FAILED: ${skipped.length} tests did not run:\n${skipped.map((name) => `  ${name}\n`).join('')}`,
      );
    }
    tally(passed, failed + skipped.length);
  }
}
