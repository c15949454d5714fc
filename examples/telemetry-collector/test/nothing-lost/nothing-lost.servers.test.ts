import { describe, it } from 'vitest';
import {
  backendAway,
  backendSlow,
  backendsKilled,
  badLines,
  collectorKilled,
  deadForTheRun,
  deadOverItsCap,
  diskFull,
  drainedForGood,
  type Effort,
  everyAnswer,
} from './scenarios.suite.js';

/** Seconds each; `nothing-lost.servers.system.test.ts` takes its time. */
const SHORT: Effort = { kills: 3, awayMs: 3_000, slowMs: 1_000 };

describe('nothing that was accepted is lost', { timeout: 180_000 }, () => {
  it('when the collector is killed under load', () => collectorKilled(SHORT));
  it('when backends are killed, right after their answer too', () => backendsKilled(SHORT));
  it('when a backend is away', () => backendAway(SHORT));
  it('when a backend is slow', () => backendSlow(SHORT));
  it('whatever a backend answers', () => everyAnswer(SHORT));
  it('when some lines are bad: these alone are quarantined', () => badLines(SHORT));
  it('when the disk is full', () => diskFull(SHORT));
  it('when a collector is drained for good while backends are away', () => drainedForGood(SHORT));
  it('when one of two backends is dead for the whole run: both hold the same afterwards', () => deadForTheRun(SHORT));
  it('but what the ledger calls expired, when a dead backend is owed more than the cap', () => deadOverItsCap(SHORT));
});
