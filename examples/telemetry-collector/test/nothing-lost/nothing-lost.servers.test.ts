import { describe, it } from 'vitest';
import { SCENARIOS } from './scenarios.suite.js';

/** Seconds each; `nothing-lost.servers.system.test.ts` takes its time. */
const SHORT = { kills: 3, awayMs: 3_000, slowMs: 1_000 };

describe('nothing that was accepted is lost', { timeout: 600_000 }, () => {
  it.each(SCENARIOS)('%s', (_what, run) => run(SHORT));
});
