import { describe, it } from 'vitest';
import { COLLECTOR_SCENARIOS } from './collectors.suite.js';
import type { Effort } from './fleet.suite.js';
import { REDIS_SCENARIOS } from './redis.suite.js';

/** Seconds each; `fleet.servers.system.test.ts` has the others, and takes its time. */
const SHORT: Effort = { intervalMs: 4_000, leaseMs: 6_000, kills: 1, everyMs: 24_000, awayMs: 14_000 };

const { killed, stoodStill, drained } = COLLECTOR_SCENARIOS;
const { emptied } = REDIS_SCENARIOS;

describe('three collectors share their targets', { timeout: 600_000 }, () => {
  it('when one is killed, and comes back', ({ annotate }) => killed(SHORT, annotate));
  it('when one stood still past its lease', ({ annotate }) => stoodStill(SHORT, annotate));
  it('when one is drained', ({ annotate }) => drained(SHORT, annotate));
  it('when Redis is killed, and comes back empty', ({ annotate }) => emptied(SHORT, annotate));
});
