import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** The folders and files of a slot. */
export const slotName = (number: number): string => `slot-${number}`;

/** The number of a slot's folder; undefined: it is none. */
export function slotNumber(name: string): number | undefined {
  const digits = /^slot-([1-9]\d{0,5})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export const segmentsIn = (slot: string): string => join(slot, 'segments');
export const lanesIn = (slot: string): string => join(slot, 'lanes');

export interface LaneFiles {
  readonly checkpoint: string;
  readonly quarantine: string;
  /** An empty marker: the operator gives the lane up. */
  readonly release: string;
}

/** A backend's id is a URL: its digest is a file name. */
export function laneFiles(slot: string, lane: string): LaneFiles {
  const digest = createHash('sha256').update(lane).digest('hex').slice(0, 16);
  const path = join(lanesIn(slot), digest);
  return { checkpoint: `${path}.checkpoint`, quarantine: `${path}.quarantine`, release: `${path}.release` };
}
