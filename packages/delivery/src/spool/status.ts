import type { LaneStatus } from '../lanes/lane.js';

/** One status for a backend, over all folders that are delivered to it. */
export function sumUp(backend: string, statuses: readonly LaneStatus[]): LaneStatus {
  return {
    backend,
    pendingPoints: statuses.reduce((sum, { pendingPoints }) => sum + pendingPoints, 0),
    heldPoints: statuses.reduce((sum, { heldPoints }) => sum + heldPoints, 0),
    lagMs: Math.max(0, ...statuses.map(({ lagMs }) => lagMs)),
    heldDestinationsLagMs: Math.max(0, ...statuses.map(({ heldDestinationsLagMs }) => heldDestinationsLagMs)),
    hold: statuses.find(({ hold }) => hold !== undefined)?.hold,
    // The backend's: every folder tells the same.
    heldDestinations: statuses[0]?.heldDestinations ?? [],
  };
}
