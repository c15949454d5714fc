import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { slotNumber } from '../spool/layout.js';
import { isHeld } from '../spool/slot-lock.js';
import { InspectError } from './errors.js';

export interface Slot {
  /** `slot-1`. */
  readonly name: string;
  readonly path: string;
  /** A living process holds it. */
  readonly isHeld: boolean;
}

/** The slots of a spool folder, by number. */
export async function slotsOf(spool: string): Promise<Slot[]> {
  const names = await readdir(spool).catch((cause: NodeJS.ErrnoException) => {
    throw new InspectError(`cannot read the spool folder ${spool}: ${cause.code}`, { cause });
  });
  const slots = names.filter((name) => slotNumber(name) !== undefined);
  if (slots.length === 0) throw new InspectError(`${spool} holds no slots (slot-1, slot-2, …); is it a SPOOL_DIR?`);
  slots.sort((a, b) => slotNumber(a)! - slotNumber(b)!);
  return Promise.all(
    slots.map(async (name) => ({ name, path: join(spool, name), isHeld: await isHeld(join(spool, name)) })),
  );
}

/** The names in a folder; none when it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
