import type { LaneStatus } from '@breakwater/delivery';
import { presentable } from '../flow/turn-error.js';
import { duration, many } from './words.js';

/** A line for each lane, those that are furthest behind first, and how many are left out. */
export function laneLines(lanes: readonly LaneStatus[], most = lanes.length): string[] {
  const shown = [...lanes].sort((one, other) => other.lagMs - one.lagMs).slice(0, most);
  const left = lanes.length - shown.length;
  const more = left === 0 ? '' : ` · and ${many(left, 'more lane')}`;
  return shown.map((lane, index) => `→ ${laneWords(lane)}${index === shown.length - 1 ? more : ''}`);
}

function laneWords({ backend, pendingPoints, heldPoints, lagMs, hold, ...held }: LaneStatus): string {
  const wait = pendingPoints === 0 ? 'nothing pending' : `${many(pendingPoints, 'point')} pending`;
  const late = lagMs === 0 ? '' : `, ${duration(lagMs)} behind`;
  const safe = heldPoints === 0 ? '' : `, ${many(heldPoints, 'point')} held`;
  const why = hold === undefined ? '' : ` (${hold.reason}: ${presentable(hold.words)})`;
  return `${backend}: ${wait}${late}${safe}${why}${heldWords(held)}`;
}

function heldWords({
  heldDestinations: [first, ...others],
  heldDestinationsLagMs,
}: Pick<LaneStatus, 'heldDestinations' | 'heldDestinationsLagMs'>): string {
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const why = `${first.reason}: ${presentable(first.words)}`;
  return `; ${presentable(first.destination)} held for ${duration(heldDestinationsLagMs)} (${why})${more}`;
}
