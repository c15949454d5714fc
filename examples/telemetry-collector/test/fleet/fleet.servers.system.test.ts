import { describe, it } from 'vitest';
import { COLLECTOR_SCENARIOS } from './collectors.suite.js';
import type { Effort } from './fleet.suite.js';
import { REDIS_SCENARIOS } from './redis.suite.js';

const LONG: Effort = { intervalMs: 2_000, leaseMs: 5_000, kills: 10, everyMs: 60_000, awayMs: 60_000 };

describe('three collectors share their targets, however long it takes', { timeout: 900_000 }, () => {
  it.for([...COLLECTOR_SCENARIOS, ...REDIS_SCENARIOS])('%s', ([, run], { annotate }) => run(LONG, annotate));
});
