import type { DrainOptions, DrainReport, LaneStatus, Spool } from '@breakwater/delivery';
import { MemoryIntake } from '../sinks/delivery/memory-intake.suite.js';

/** A lane that has delivered everything, but for what a test says. */
export const laneOf = (backend: string, status: Partial<LaneStatus> = {}): LaneStatus => ({
  backend,
  pendingPoints: 0,
  heldPoints: 0,
  lagMs: 0,
  heldDestinationsLagMs: 0,
  hold: undefined,
  heldDestinations: [],
  ...status,
});

/** A log whose lanes are as a test says, and which delivers nothing. */
export class FakeSpool implements Spool {
  readonly directory = '/var/lib/spool/slot-1';
  readonly intake: MemoryIntake;
  readonly drains: DrainOptions[] = [];
  statuses: readonly LaneStatus[];
  report: DrainReport = { left: new Map(), handedOverPoints: 0 };
  closes = 0;

  constructor(...statuses: readonly LaneStatus[]) {
    this.statuses = statuses;
    this.intake = new MemoryIntake(statuses.map(({ backend }) => backend));
  }

  lanes(): readonly LaneStatus[] {
    return this.statuses;
  }

  async drain(options: DrainOptions): Promise<DrainReport> {
    this.drains.push(options);
    this.intake.close('shutdown');
    return this.report;
  }

  async close(): Promise<void> {
    this.closes++;
  }

  measure(): void {}
}
