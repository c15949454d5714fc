import { describe, it } from 'vitest';
import { COLLECTOR_SCENARIOS } from './collectors.suite.js';
import type { Effort } from './fleet.suite.js';
import { REDIS_SCENARIOS } from './redis.suite.js';

/** Seconds each; `fleet.servers.system.test.ts` takes its time. */
const SHORT: Effort = { intervalMs: 2_000, leaseMs: 5_000, kills: 1, everyMs: 20_000, awayMs: 10_000 };

/** Where each of them polls everything for a while, which is three times the work. */
const SHORT_ALONE: Effort = { ...SHORT, intervalMs: 4_000 };

describe('three collectors share their targets', { timeout: 300_000 }, () => {
  it.for(COLLECTOR_SCENARIOS)('%s', ([, run], { annotate }) => run(SHORT, annotate));
  it.for(REDIS_SCENARIOS)('%s', ([, run], { annotate }) => run(SHORT_ALONE, annotate));
});
