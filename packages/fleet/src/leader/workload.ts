import type { Stamp } from './stamp.js';

/** A workload as it was read. A driver may add what its user decides on (replicas, readiness). */
export interface WorkloadView {
  /** Changes with everything that is written: Kubernetes' resourceVersion, Swarm's version index. */
  readonly version: string;
  readonly stamp: Stamp | undefined;
}

/**
 * Something that a leader changes and others must not: a Deployment, a Swarm service. Everything is read from, and written
 * to, one object with a version, and a write is refused when that is not the version it expects.
 *
 * A write resolves with the version that it made, as its own answer says; where the answer does not say (Swarm), with
 * undefined. Never with one that was read afterwards: another leader's stamp may lie between, and the next act would carry
 * a version that vouches for it.
 */
export interface Workload<Change, View extends WorkloadView = WorkloadView> {
  read(signal: AbortSignal): Promise<View>;
  /** Leaves the stamp, and nothing else. @throws WorkloadConflict when the version is another (nothing was written) */
  stamp(stamp: Stamp, expectedVersion: string, signal: AbortSignal): Promise<string | undefined>;
  /** Makes the change; the stamp stays. @throws WorkloadConflict when the version is another (nothing was written) */
  act(change: Change, expectedVersion: string, signal: AbortSignal): Promise<string | undefined>;
}

/** The workload was changed since it was read, so nothing was written: read it, decide again. */
export class WorkloadConflict extends Error {
  override readonly name = 'WorkloadConflict';
}

/** The term is over, or another leader has stamped the workload: nothing was written, and nothing may be under this term. */
export class StaleTermError extends Error {
  override readonly name = 'StaleTermError';
  /** The stamp that outranks the term; undefined: its lease is over. */
  readonly by: Stamp | undefined;

  constructor(message: string, by?: Stamp) {
    super(message);
    this.by = by;
  }
}
