import { fleetLines } from './fleet.js';
import { laneLines } from './lanes.js';
import type { Snapshot, TargetView } from './snapshot.js';
import type { Paint, StyleName } from './style.js';
import { type Cell, type Column, layOut, shorten } from './table.js';
import { count, duration, many } from './words.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal with fewer rows shows targets rather than what stands around them. */
const LOW = 22;

/** More lanes than these are told of in `/health/lanes`. */
const SHOWN_LANES = 4;

const STATE_STYLE = { up: 'green', failing: 'red', open: 'yellow', waiting: 'dim' } as const;

const COLUMNS: ReadonlyArray<Column & { readonly of: (target: TargetView) => Cell }> = [
  { title: 'TARGET', of: ({ name }) => name },
  { title: 'PROBE', of: ({ probe }) => probe },
  { title: 'STATE', of: ({ state }) => ({ text: `● ${state}`, style: STATE_STYLE[state] }) },
  { title: 'LAST VALUE', flexible: true, of: valueCell },
  { title: 'TOOK', align: 'right', of: ({ lastRun }) => orDash(lastRun?.durationMs) },
  { title: 'P95', align: 'right', of: ({ p95Ms }) => orDash(p95Ms) },
  { title: 'CIRCUIT', of: circuitCell },
  { title: 'TURNS', align: 'right', of: ({ turns }) => count(sum(Object.values(turns))) },
];

/** The live view: a heading, the targets (the worst first when they are too many), the latest news, and the account. */
export function drawDashboard(
  heading: readonly string[],
  snapshot: Snapshot,
  news: readonly string[],
  size: Size,
  paint: Paint,
): string[] {
  const [title = '', ...details] = heading;
  const isLow = size.rows < LOW;
  const head = [
    paint('bold', shorten(title, size.columns)),
    ...(isLow ? [] : details.map((line) => dim(line, size, paint))),
    '',
  ];
  const foot = [
    '',
    ...(isLow ? [] : news.map((line) => shorten(line, size.columns))),
    shorten(account(snapshot), size.columns),
    ...[
      ...fleetLines(snapshot.fleet, snapshot.targets.length),
      ...laneLines(snapshot.lanes, isLow ? 1 : SHOWN_LANES),
    ].map((line) => shorten(line, size.columns)),
    dim('Ctrl-C stops.', size, paint),
  ];
  const room = Math.max(1, size.rows - head.length - foot.length - 2);
  const shown = snapshot.targets.length <= room ? snapshot.targets : worstFirst(snapshot.targets).slice(0, room - 1);
  const rows = shown.map((target) => COLUMNS.map((column) => column.of(target)));
  const left = snapshot.targets.length - shown.length;
  const more = left > 0 ? [dim(`… and ${many(left, 'more target')}; GET /targets names them all`, size, paint)] : [];
  return [...head, ...layOut(COLUMNS, rows, size.columns, paint), ...more, ...foot];
}

/** One line: how the targets are, and what became of what they told. */
export function account(snapshot: Snapshot): string {
  const states = (['up', 'failing', 'open', 'waiting'] as const)
    .map((state) => ({ state, size: snapshot.targets.filter((target) => target.state === state).length }))
    .filter(({ size }) => size > 0)
    .map(({ state, size }) => `${count(size)} ${state === 'open' ? 'circuit open' : state}`);
  return [
    `${many(snapshot.targets.length, 'target')}: ${states.join(', ') || 'none'}`,
    `${many(sum([...snapshot.written.values()]), 'line')} written, ${count(snapshot.lost)} lost`,
    `${many(sum(snapshot.targets.map(({ turns }) => turns.missed + turns.overlap)), 'turn')} missed`,
    `event loop p99 ${duration(snapshot.loopLagMs)} late`,
  ].join(' · ');
}

/** What the last run brought; of a target whose circuit is open, why it is. */
function valueCell({ last, lastRun }: TargetView): Cell {
  const turn = lastRun ?? last;
  if (turn === null) return '';
  if (turn.error === null) return turn.value ?? '';
  return { text: `${turn.error.code}: ${turn.error.message}`, style: 'red' };
}

function circuitCell({ circuit, slow }: TargetView): Cell {
  const style: StyleName = circuit === 'closed' ? 'green' : circuit === 'open' ? 'red' : 'yellow';
  return slow ? { text: `${circuit}, slow`, style: 'yellow' } : { text: circuit, style };
}

const SEVERITY = { open: 3, failing: 2, waiting: 1, up: 0 } as const;

/** Those that need somebody come first, and of equals the slowest. */
export function worstFirst(targets: readonly TargetView[]): TargetView[] {
  return [...targets].sort(
    (one, other) => SEVERITY[other.state] - SEVERITY[one.state] || (other.p95Ms ?? 0) - (one.p95Ms ?? 0),
  );
}

const dim = (line: string, size: Size, paint: Paint): string => paint('dim', shorten(line, size.columns));
const orDash = (ms: number | null | undefined): string => (ms === null || ms === undefined ? '–' : duration(ms));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
