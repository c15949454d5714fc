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

const LONG: Effort = { kills: 20, awayMs: 60_000, slowMs: 5_000 };

describe('nothing that was accepted is lost, however long it takes', () => {
  it('when the collector is killed 20 times under load', () => collectorKilled(LONG));
  it('when backends are killed, right after their answer too', () => backendsKilled(LONG));
  it('when a backend is away for a minute', () => backendAway(LONG));
  it('when a backend takes 5 s an answer', () => backendSlow(LONG));
  it('whatever a backend answers', () => everyAnswer(LONG));
  it('when some lines are bad: these alone are quarantined', () => badLines(LONG));
  it('when the disk is full', () => diskFull(LONG));
  it('when a collector is drained for good while backends are away', () => drainedForGood(LONG));
  it('when one of two backends is dead for the whole run: both hold the same afterwards', () => deadForTheRun(LONG));
  it('but what the ledger calls expired, when a dead backend is owed more than the cap', () => deadOverItsCap(LONG));
});
