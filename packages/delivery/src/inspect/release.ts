import { writeFile } from 'node:fs/promises';
import { backendAddress } from '../backend/address.js';
import { laneFiles } from '../spool/layout.js';
import { InspectError } from './errors.js';
import { lanesOf } from './lane-files.js';
import { slotsOf } from './slots.js';

export interface ReleaseOptions {
  readonly spool: string;
  /** The number of `slot-N`. */
  readonly slot: number;
  /** The backend's URL. */
  readonly lane: string;
}

export interface ReleaseMark {
  /** The file that says so. */
  readonly marker: string;
  /** A living process holds the slot, and will see it; else the next one that takes the slot does. */
  readonly isHeld: boolean;
}

/**
 * Gives up what a lane of one slot still owes: leaves a marker for the process that holds the slot, now or next. It
 * heeds the marker only for a backend that it does not deliver to.
 */
export async function releaseLane({ spool, slot, lane }: ReleaseOptions): Promise<ReleaseMark> {
  const found = (await slotsOf(spool)).find(({ name }) => name === `slot-${slot}`);
  if (found === undefined) throw new InspectError(`${spool} holds no slot-${slot}`);
  const id = backendAddress(lane);
  const lanes = (await lanesOf(found.path)).map(({ checkpoint }) => checkpoint?.lane);
  if (!lanes.includes(id)) {
    const known = lanes.filter((each) => each !== undefined);
    throw new InspectError(`slot-${slot} has no lane ${id}; it has ${known.length === 0 ? 'none' : known.join(', ')}`);
  }
  const marker = laneFiles(found.path, id).release;
  await writeFile(marker, '', { mode: 0o600 });
  return { marker, isHeld: found.isHeld };
}
