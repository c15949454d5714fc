import { exportLines } from '@breakwater/delivery/inspect';
import { command, FINE } from '../command.js';
import { json } from '../print/table.js';
import { many } from '../print/units.js';
import { DIR, JSON_OUTPUT, SELECTION, selectionOf } from './spool-options.js';

export const spoolExport = command({
  options: {
    dir: DIR,
    out: { value: 'FILE', help: 'a file that is not there yet', required: true },
    gzip: { help: 'compress it' },
    ...SELECTION,
    json: JSON_OUTPUT,
  },
  notes: [
    'The file is line protocol with comments. With --quarantined a comment above each line holds what the backend',
    'said: mend the line below it, then replay the file. Quarantined lines stay where they are, and are removed by',
    'hand: SPOOL_DIR/slot-N/lanes/*.quarantine.',
  ].join('\n'),
  async run(values, io) {
    const { dir, out, gzip, quarantined } = values;
    const selection = selectionOf(values);
    const lines = await exportLines({ ...selection, spool: dir, file: out, gzip, quarantined, signal: io.signal });
    await io.print(values.json ? json({ file: out, lines }) : `${many(lines, 'line')} written to ${out}\n`);
    return FINE;
  },
});
