import { relative } from 'node:path';
import { type Damage, type VerifyReport, verifySpool } from '@breakwater/delivery/inspect';
import { command, FINE, FOUND } from '../command.js';
import { type Column, json, table } from '../print/table.js';
import { count, many } from '../print/units.js';
import { DIR, JSON_OUTPUT } from './spool-options.js';

/** More are counted, and not kept. */
const MOST_SHOWN = 1_000;

export const spoolVerify = command({
  options: { dir: DIR, json: JSON_OUTPUT },
  notes: [
    'Checks every frame, checkpoint and quarantine file, that the log is without gaps, and that the account of each',
    'lane adds up. Damage costs the frames that it hit and no other; nothing is to be repaired. What is half-written',
    'at the end of the newest segment is no damage. Works while a process uses the folder, and changes nothing.',
    'Exit code 1 when something is damaged.',
  ].join('\n'),
  async run({ dir, json: asJson }, io) {
    const damages: Damage[] = [];
    const report = await verifySpool(dir, (damage) => {
      if (damages.length < MOST_SHOWN) damages.push({ ...damage, file: relative(dir, damage.file) });
    });
    await io.print(asJson ? json({ ...report, damaged: damages }) : textOf(report, damages));
    return report.damages === 0 ? FINE : FOUND;
  },
});

function textOf(report: VerifyReport, damages: readonly Damage[]): string {
  const { slots, segments, frames, points, lanes, quarantinedLines } = report;
  const read = [
    many(slots, 'slot'),
    many(segments, 'segment'),
    many(frames, 'sound frame'),
    many(points, 'point'),
    many(lanes, 'lane'),
    many(quarantinedLines, 'quarantined line'),
  ].join(', ');
  if (report.damages === 0) return `Sound: ${read}.\n`;
  const more = report.damages > damages.length ? `… and ${count(report.damages - damages.length)} more\n` : '';
  return `${table(COLUMNS, damages)}${more}\n${many(report.damages, 'damage')} found. Read: ${read}.\n`;
}

const COLUMNS: ReadonlyArray<Column<Damage>> = [
  { title: 'FILE', of: ({ file }) => file },
  { title: 'OFFSET', align: 'right', of: ({ offset }) => (offset === undefined ? '-' : String(offset)) },
  { title: 'FRAMES', align: 'right', of: ({ frames }) => count(frames) },
  { title: 'POINTS', align: 'right', of: ({ points }) => count(points) },
  { title: 'WHAT', of: ({ what }) => what },
];
