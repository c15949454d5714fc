import type { LaneStatus } from '@breakwater/delivery';
import type { CircuitHistory } from '../flow/circuit-watch.js';
import type { TargetStatus } from '../flow/status.js';
import type { ProbeKind } from '../probes/probe.js';
import type { FleetGlance } from './fleet.js';

/** A target, with how often its circuit opened and closed again. */
export interface TargetView extends TargetStatus {
  readonly history: CircuitHistory;
}

/** What the terminal shows of a collector at one moment. */
export interface Snapshot {
  readonly uptimeMs: number;
  /** Those that are polled here. */
  readonly targets: readonly TargetView[];
  /** Lines that the sink has taken, by kind of probe. */
  readonly written: ReadonlyMap<ProbeKind, number>;
  readonly lost: number;
  readonly pending: number;
  /** How far each backend is behind; none where there is no log. */
  readonly lanes: readonly LaneStatus[];
  /** Whom it shares the targets with; undefined: with nobody. */
  readonly fleet: FleetGlance | undefined;
  /** The 99th percentile of the event loop's lag, in milliseconds. */
  readonly loopLagMs: number;
}
