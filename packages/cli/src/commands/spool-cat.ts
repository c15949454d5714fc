import { type LoggedLine, loggedLines, quarantinedLines } from '@breakwater/delivery/inspect';
import { command, FINE } from '../command.js';
import { wholeNumber } from '../values.js';
import { DIR, SELECTION, selectionOf } from './spool-options.js';

const PIECE = 64 * 1024;
const NEWLINE = Buffer.from('\n');

export const spoolCat = command({
  options: {
    dir: DIR,
    ...SELECTION,
    limit: { value: 'N', help: 'stop after so many lines' },
    json: { help: 'one JSON object a line: the text, its frame, when it was accepted, and where it goes' },
  },
  notes: [
    'Prints line protocol as it is in the log, with timestamps in nanoseconds, from old to new. Works while a process',
    'uses the folder, and changes nothing.',
  ].join('\n'),
  async run(values, io) {
    const selection = selectionOf(values);
    const limit = wholeNumber('limit', values.limit) ?? Number.POSITIVE_INFINITY;
    const lines = values.quarantined ? quarantinedLines(values.dir, selection) : loggedLines(values.dir, selection);
    let pieces: Buffer[] = [];
    let bytes = 0;
    let printed = 0;
    for await (const line of lines) {
      if (printed === limit) break;
      printed++;
      const text = values.json ? Buffer.from(jsonOf(line)) : line.bytes;
      pieces.push(Buffer.concat([text, NEWLINE]));
      bytes += text.length;
      if (bytes < PIECE) continue;
      io.signal.throwIfAborted();
      await io.print(Buffer.concat(pieces));
      pieces = [];
      bytes = 0;
    }
    await io.print(Buffer.concat(pieces));
    return FINE;
  },
});

const jsonOf = ({ bytes, ...line }: LoggedLine): string => JSON.stringify({ ...line, text: bytes.toString() });
