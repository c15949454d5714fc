import { describe, it } from 'vitest';
import { COLLECTOR_SCENARIOS } from './collectors.suite.js';
import type { Effort } from './fleet.suite.js';
import { REDIS_SCENARIOS } from './redis.suite.js';

/** Three kills, one of each. The ten minutes with a kill each are `npm run soak:fleet`. */
const LONG: Effort = { intervalMs: 4_000, leaseMs: 8_000, kills: 3, everyMs: 30_000, awayMs: 16_000 };
const MINUTE: Effort = { ...LONG, awayMs: 60_000 };

const { killed, killedAndBackAtOnce, namesakes } = COLLECTOR_SCENARIOS;
const { restored, stopped, emptiedWithinLease, failedOver, cutOff, frozen } = REDIS_SCENARIOS;

describe('three collectors share their targets, however long it takes', { timeout: 600_000 }, () => {
  it('when one after the other is killed, and comes back', ({ annotate }) => killed(LONG, annotate));
  it('when one is killed, and is back at once', ({ annotate }) => killedAndBackAtOnce(LONG, annotate));
  it('when two were given one name', ({ annotate }) => namesakes(LONG, annotate));
  it('when Redis is killed, and comes back with old data', ({ annotate }) => restored(LONG, annotate));
  it('when Redis is stopped for a minute, and goes on', ({ annotate }) => stopped(MINUTE, annotate));
  it('when Redis is restarted empty within a lease', ({ annotate }) => emptiedWithinLease(LONG, annotate));
  it('when Redis is failed over by Sentinels', ({ annotate }) => failedOver(LONG, annotate));
  it('when one of them is cut off from Redis', ({ annotate }) => cutOff(LONG, annotate));
  it('when one of them hears nothing of Redis any more', ({ annotate }) => frozen(LONG, annotate));
});
