import { releaseLane } from '@breakwater/delivery/inspect';
import { command, FINE, UsageError } from '../command.js';
import { serverUrl, wholeNumber } from '../values.js';
import { DIR } from './spool-options.js';

export const spoolRelease = command({
  options: {
    dir: DIR,
    slot: { value: 'N', help: 'of slot-N', required: true },
    lane: { value: 'URL', help: 'the backend', required: true },
    yes: { help: 'do it: the points are counted as expired, and cannot be had back' },
  },
  notes: [
    'Leaves a marker beside the lane. The process that holds the slot, now or next, heeds it unless the backend is',
    'configured; deleting the marker (SPOOL_DIR/slot-N/lanes/*.release) before that takes it back.',
  ].join('\n'),
  async run({ dir, slot, lane, yes }, io) {
    const number = wholeNumber('slot', slot, 1)!;
    const url = serverUrl('lane', lane);
    if (!yes) throw new UsageError(`what slot-${number} owes to ${url} would be given up for good; say --yes to do it`);
    const { marker, isHeld } = await releaseLane({ spool: dir, slot: number, lane: url });
    const who = isHeld ? `the process that holds slot-${number}` : `the next process that takes slot-${number}`;
    await io.print(`Marked: ${who} gives it up, unless its configuration names the backend (${marker})\n`);
    return FINE;
  },
});
