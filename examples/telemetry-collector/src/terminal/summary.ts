import type { TurnOutcome } from '../flow/turn.js';
import { account, worstFirst } from './dashboard.js';
import { laneLines } from './lanes.js';
import type { Snapshot, TargetView } from './snapshot.js';
import type { Paint } from './style.js';
import { type Column, layOut } from './table.js';
import { count, duration, many } from './words.js';

const COLUMNS: ReadonlyArray<Column & { readonly of: (target: TargetView) => string }> = [
  { title: 'TARGET', of: ({ name }) => name },
  { title: 'PROBE', of: ({ probe }) => probe },
  { title: 'EVERY', align: 'right', of: ({ intervalMs }) => duration(intervalMs) },
  { title: 'UP', align: 'right', of: ({ turns }) => count(turns.up) },
  { title: 'OTHER TURNS', flexible: true, of: ({ turns }) => otherTurns(turns) },
  { title: 'P95', align: 'right', of: ({ p95Ms }) => (p95Ms === null ? '–' : duration(p95Ms)) },
  { title: 'CIRCUIT', of: circuitStory },
];

/** How many targets are told of by name; GET /targets tells of all. */
const NAMED = 50;

/** What a run amounted to, in the end: the targets, every kind of probe, the circuits that opened, every line. */
export function drawSummary(snapshot: Snapshot, columns: number, paint: Paint): string[] {
  const { targets } = snapshot;
  const shown = targets.length <= NAMED ? targets : worstFirst(targets).slice(0, NAMED);
  const rows = shown.map((target) => COLUMNS.map((column) => column.of(target)));
  return [
    paint('bold', `Summary after ${duration(snapshot.uptimeMs)}`),
    '',
    ...layOut(COLUMNS, rows, columns, paint),
    ...(shown.length < targets.length ? [`… and ${many(targets.length - shown.length, 'more target')}`] : []),
    '',
    account(snapshot),
    `Lines written: ${linesByProbe(snapshot)}; ${count(snapshot.lost)} lost.`,
    ...laneLines(snapshot.lanes),
    ...upTo(NAMED, targets.filter(({ history }) => history.opened > 0).map(circuitSentence)),
    ...punctuality(targets),
  ];
}

function upTo(limit: number, lines: readonly string[]): readonly string[] {
  return lines.length <= limit
    ? lines
    : [...lines.slice(0, limit), `… and ${many(lines.length - limit, 'more target')}`];
}

function linesByProbe({ written }: Snapshot): string {
  const kinds = [...written].filter(([, lines]) => lines > 0).map(([probe, lines]) => `${probe} ${count(lines)}`);
  return kinds.length === 0 ? 'none' : kinds.join(', ');
}

function otherTurns(turns: Readonly<Record<TurnOutcome, number>>): string {
  const others = Object.entries(turns).filter(([outcome, size]) => outcome !== 'up' && size > 0);
  return others.length === 0 ? '–' : others.map(([outcome, size]) => `${count(size)} ${outcome}`).join(', ');
}

function circuitStory({ circuit, history: { opened } }: TargetView): string {
  return opened === 0 ? circuit : `${circuit} (opened ${opened}×)`;
}

function circuitSentence({ name, circuit, history: { opened, closed } }: TargetView): string {
  const again = closed === 0 ? 'never closed again' : `closed again ${times(closed)}`;
  return `${name}: its circuit opened ${times(opened)}, ${again}; it is ${circuit} now.`;
}

/** Which targets were never delayed: their runs fit into their intervals, and they missed no turn. */
function punctuality(targets: readonly TargetView[]): string[] {
  const measured = targets.filter(({ p95Ms }) => p95Ms !== null);
  const late = measured.filter(
    ({ p95Ms, intervalMs, turns }) => p95Ms! >= intervalMs || turns.missed + turns.overlap > 0,
  );
  const text = late.map(
    ({ name, p95Ms, turns }) =>
      `Delayed: ${name} (p95 ${duration(p95Ms!)}; ${many(turns.missed + turns.overlap, 'turn')} missed).`,
  );
  const punctual = measured.length - late.length;
  return [
    ...upTo(NAMED, text),
    `Never delayed (p95 under the interval, no turn missed): ${punctual} of ${many(measured.length, 'target')}.`,
  ];
}

const times = (value: number): string => (value === 1 ? 'once' : `${count(value)} times`);
