import { type LaneReport, listSpool, type SlotReport } from '@breakwater/delivery/inspect';
import { command, FINE } from '../command.js';
import { type Column, json, table } from '../print/table.js';
import { age, bytes, count } from '../print/units.js';
import { DIR, JSON_OUTPUT } from './spool-options.js';

export const spoolLs = command({
  options: { dir: DIR, json: JSON_OUTPUT },
  notes: [
    'PENDING is what the log holds and the backend lacks, what it has not confirmed for good among it. The columns',
    'behind it count points over the life of the folder: accepted = pending + released + quarantined + expired +',
    'handed over + damaged, as of the last checkpoint. TO MEND are the refused lines that are kept, GIVEN UP those that had',
    'to make room for them, where there are any. Works while a process uses the folder, and changes nothing.',
  ].join('\n'),
  async run({ dir, json: asJson }, io) {
    const slots = await listSpool(dir);
    await io.print(asJson ? json({ slots }) : textOf(slots, io.now()));
    return FINE;
  },
});

function textOf(slots: readonly SlotReport[], nowMs: number): string {
  const lanes = slots.flatMap(({ slot, lanes }) => lanes.map((lane) => ({ slot, lane })));
  const damaged = slots.filter(({ damages }) => damages > 0).map(({ slot }) => slot);
  const hint = damaged.length === 0 ? '' : `\nDamage in ${damaged.join(', ')}: breakwater spool verify names it.\n`;
  const columns = lanes.some(({ lane }) => lane.givenUpLines > 0) ? [...LANES, GIVEN_UP] : LANES;
  return `${table(slotColumns(nowMs), slots)}${lanes.length === 0 ? '' : `\n${table(columns, lanes)}`}${hint}`;
}

const ago = (ms: number | undefined, nowMs: number): string => (ms === undefined ? '-' : age(nowMs - ms));

const slotColumns = (nowMs: number): ReadonlyArray<Column<SlotReport>> => [
  { title: 'SLOT', of: ({ slot }) => slot },
  { title: 'STATE', of: ({ isHeld }) => (isHeld ? 'held' : 'free') },
  { title: 'SEGMENTS', align: 'right', of: ({ segments }) => count(segments) },
  { title: 'SIZE', align: 'right', of: (slot) => bytes(slot.bytes) },
  { title: 'FRAMES', align: 'right', of: ({ frames }) => count(frames) },
  { title: 'POINTS', align: 'right', of: ({ points }) => count(points) },
  { title: 'OLDEST', align: 'right', of: ({ oldestMs }) => ago(oldestMs, nowMs) },
  { title: 'NEWEST', align: 'right', of: ({ newestMs }) => ago(newestMs, nowMs) },
];

const total = (name: keyof NonNullable<LaneReport['totals']>) => ({
  align: 'right' as const,
  of: ({ lane }: LaneRow) => (lane.totals === undefined ? unknown(lane) : count(lane.totals[name])),
});

interface LaneRow {
  readonly slot: string;
  readonly lane: LaneReport;
}

/** What is given up has no account any more; what is damaged has one that cannot be read. */
const unknown = ({ hasCheckpoint }: LaneReport): string => (hasCheckpoint ? '?' : '-');

const nameOf = ({ lane, hasCheckpoint, isReleased }: LaneReport): string =>
  `${lane ?? `(${hasCheckpoint ? 'checkpoint' : 'quarantine'} damaged)`}${isReleased ? ' (given up)' : ''}`;

const LANES: ReadonlyArray<Column<LaneRow>> = [
  { title: 'SLOT', of: ({ slot }) => slot },
  { title: 'LANE', of: ({ lane }) => nameOf(lane) },
  { title: 'PENDING', align: 'right', of: ({ lane }) => (lane.hasCheckpoint ? count(lane.pendingPoints) : '-') },
  { title: 'ACCEPTED', ...total('accepted') },
  { title: 'RELEASED', ...total('released') },
  { title: 'QUARANTINED', ...total('quarantined') },
  { title: 'EXPIRED', ...total('expired') },
  { title: 'HANDED OVER', ...total('handedOver') },
  { title: 'DAMAGED', ...total('damaged') },
  { title: 'TO MEND', align: 'right', of: ({ lane }) => count(lane.quarantinedLines) },
];

const GIVEN_UP: Column<LaneRow> = {
  title: 'GIVEN UP',
  align: 'right',
  of: ({ lane }) => count(lane.givenUpLines),
};
