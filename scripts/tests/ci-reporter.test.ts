import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../workspace.js';

describe('CiReporter', { timeout: 180_000 }, () => {
  let dir: string;

  beforeEach(() => {
    // Below node_modules, so that the tests in it find vitest.
    const cache = join(ROOT, 'node_modules', '.cache');
    mkdirSync(cache, { recursive: true });
    dir = mkdtempSync(join(cache, 'breakwater-reporter-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** A run of vitest on one file, as CI would. */
  function run(tests: string): { status: number | null; stderr: string; tally: string } {
    const tally = join(dir, 'tally');
    const reporter = JSON.stringify(join(ROOT, 'scripts/tests/ci-reporter.ts'));
    writeFileSync(join(dir, 'a.test.js'), `import { it, test, expect } from 'vitest';\n${tests}`);
    writeFileSync(
      join(dir, 'vitest.config.ts'),
      `import { CiReporter } from ${reporter};\nexport default { test: { include: ['*.test.js'], exclude: [], reporters: [new CiReporter()] } };`,
    );
    rmSync(tally, { force: true });
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const env = { ...process.env, CI: 'true', BREAKWATER_TALLY: tally };
    const { status, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', dir], { env, encoding: 'utf8' });
    return { status, stderr, tally: readFileSync(tally, 'utf8') };
  }

  it('counts what passed', () => {
    expect(run("it('a', () => {}); it('b', () => {});")).toMatchObject({ status: 0, tally: '2 0\n' });
  });

  it('fails a run in which a test was skipped, left to do, or ended itself by a skip', () => {
    const result = run("it('a', () => {}); it.skip('b', () => {}); it.todo('c'); it('d', (test) => test.skip());");
    expect(result).toMatchObject({
      status: 1,
      tally: '1 3\n- a.test.js > b: did not run\n- a.test.js > c: did not run\n- a.test.js > d: did not run\n',
    });
    expect(result.stderr).toContain(
      'FAILED: 3 tests did not run:\n  a.test.js > b\n  a.test.js > c\n  a.test.js > d\n',
    );
  });

  it('names what passed at a second try only, and why the first failed', () => {
    const second = "let tries = 0; it('a', { retry: 1 }, () => { if (++tries < 2) throw new Error('too early'); });";
    expect(run(second)).toMatchObject({ status: 0, tally: '1 0\n~ a.test.js > a: too early\n' });
    const never = "it('a', { retry: 1 }, () => { throw new Error('broken'); });";
    expect(run(never)).toMatchObject({ status: 1, tally: '0 1\n- a.test.js > a: broken\n' });
  });

  it('counts failed tests, files that do not load, and errors that nobody caught', () => {
    expect(run("it('a', () => { throw new Error('broken'); });")).toMatchObject({
      status: 1,
      tally: '0 1\n- a.test.js > a: broken\n',
    });
    expect(run("throw new Error('broken');")).toMatchObject({ status: 1, tally: '0 1\n- a.test.js: broken\n' });
    const uncaught = "it('a', async () => { Promise.reject(new Error('lost')); await new Promise(setImmediate); });";
    expect(run(uncaught)).toMatchObject({ status: 1, tally: '1 1\n- nobody caught: lost\n' });
  });
});
