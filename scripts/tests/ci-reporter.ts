import type { Reporter, TestModule } from 'vitest/node';
import { tally } from './tally.js';

/**
 * Fails a run in which a test was skipped or left to do: what cannot run here is a command of its own, never a skip.
 * Adds the run's numbers to the tally, and names what passed at a second try only.
 */
export class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    const failed = errors.map((error) => `nobody caught: ${messageOf(error)}`);
    const skipped: string[] = [];
    const retried: string[] = [];
    for (const module of modules) {
      const file = module.relativeModuleId;
      failed.push(...module.errors().map((error) => `${file}: ${error.message}`));
      for (const test of module.children.allTests()) {
        const { state, errors: reasons } = test.result();
        const name = `${file} > ${test.fullName}`;
        if (test.diagnostic()?.flaky) retried.push(`${name}: ${reasons?.[0]?.message ?? 'no reason given'}`);
        if (state === 'passed') passed++;
        else if (state === 'failed') failed.push(`${name}: ${reasons[0]?.message ?? 'no reason given'}`);
        else skipped.push(name);
      }
    }
    if (skipped.length > 0) {
      process.exitCode = 1;
      process.stderr.write(
        `FAILED: ${skipped.length} tests did not run:\n${skipped.map((name) => `  ${name}\n`).join('')}`,
      );
    }
    tally(passed, [...failed, ...skipped.map((name) => `${name}: did not run`)], retried);
  }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
