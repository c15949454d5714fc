import { httpBackend } from '@breakwater/delivery';
import { type RefusedLine, replay } from '@breakwater/delivery/inspect';
import { command, FINE, FOUND, UsageError } from '../command.js';
import { json } from '../print/table.js';
import { count, many, printable } from '../print/units.js';
import { serverUrl } from '../values.js';
import { JSON_OUTPUT } from './spool-options.js';

const MOST_KEPT = 1_000;

export const spoolReplay = command({
  operands: ['FILE'],
  options: {
    to: { value: 'URL', help: 'a write gateway, such as http://collector:8080', required: true },
    db: { value: 'NAME', help: 'where the lines go; default: where the comments of `export` say' },
    bucket: { value: 'NAME', help: 'the same, by its name in InfluxDB 2.x' },
    org: { value: 'NAME', help: 'with --bucket: its organisation' },
    json: JSON_OUTPUT,
  },
  notes: [
    'FILE is line protocol with timestamps in nanoseconds, plain or gzip; lines that begin with # are comments.',
    'Each line is a new offer: the gateway gives it to every backend. 429 is waited out. A line that is refused is',
    'named with its number in the file, and the others go on. Exit code 1 when lines were refused.',
    'Environment: BREAKWATER_TOKEN, the token of the gateway.',
  ].join('\n'),
  async run(values, io, [file]) {
    const refused: RefusedLine[] = [];
    const backend = httpBackend({ url: serverUrl('to', values.to), token: io.env['BREAKWATER_TOKEN'] ?? '' });
    try {
      const report = await replay({
        file: file!,
        backend,
        destination: destinationOf(values),
        signal: io.signal,
        onRefused: (line) => {
          if (refused.length < MOST_KEPT) refused.push(line);
          if (!values.json) io.say(`${file}:${line.number}: ${printable(line.words)}\n`);
        },
        onWait: (words, waitMs) => io.say(`waits ${count(Math.ceil(waitMs / 1_000))} s: ${printable(words)}\n`),
      });
      const text = `${many(report.accepted, 'line')} accepted, ${count(report.refused)} refused\n`;
      await io.print(values.json ? json({ ...report, refusedLines: refused }) : text);
      return report.refused === 0 ? FINE : FOUND;
    } finally {
      await backend.close();
    }
  },
});

function destinationOf({
  db,
  bucket,
  org,
}: {
  db: string | undefined;
  bucket: string | undefined;
  org: string | undefined;
}) {
  if (db !== undefined && bucket !== undefined)
    throw new UsageError('--db and --bucket are one thing: give one of them');
  const name = db ?? bucket;
  if (name !== undefined) return { org: org ?? '', bucket: name };
  if (org !== undefined) throw new UsageError('--org needs --bucket');
  return undefined;
}
