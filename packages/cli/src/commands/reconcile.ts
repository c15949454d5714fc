import { httpBackend } from '@breakwater/delivery';
import type { RefusedLine } from '@breakwater/delivery/inspect';
import {
  type Connect,
  type DifferingWindow,
  type FromLogReport,
  type LoggedMeasurement,
  type ReconcileOptions,
  type ReconcileReport,
  reconcile,
  reconcileFromLog,
} from '@breakwater/delivery/reconcile';
import { command, type ExitCode, FINE, FOUND, UsageError } from '../command.js';
import type { Io } from '../io.js';
import { type Column, json, table } from '../print/table.js';
import { count, many, printable } from '../print/units.js';
import { duration, instantNs, serverUrl } from '../values.js';
import { JSON_OUTPUT } from './spool-options.js';

/** More are counted, and not shown. */
const MOST_SHOWN = 10_000;
const MOST_WINDOWS = 1_000_000n;

export const reconcileCommand = command({
  options: {
    from: { value: 'URL', help: 'the server that is right' },
    'from-log': { value: 'SPOOL_DIR', help: 'instead of --from: what the log still holds' },
    to: { value: 'URL', help: 'the server that may lack something', required: true },
    db: { value: 'NAME', help: 'the database; on 2.x what its bucket is mapped to (DBRP)', required: true },
    rp: { value: 'NAME', help: 'the retention policy; default: the default one of each' },
    measurement: { value: 'NAME', help: 'this one only' },
    start: { value: 'TIME', help: 'an instant, 2026-01-31T12:00:00Z, or how long ago, 7d; default 24h' },
    end: { value: 'TIME', help: 'the same; default now' },
    window: { value: 'DURATION', help: 'what is counted together; default 1h' },
    counts: { help: 'compare counts alone: faster, and blind to values that differ' },
    apply: { help: 'send what --to lacks' },
    both: { help: 'with --apply: send what --from lacks, too' },
    org: { value: 'NAME', help: 'for writing to 2.x: the organisation' },
    json: JSON_OUTPUT,
  },
  notes: [
    'Counts the values of every field in every window on both servers. Where the counts are equal it compares a',
    'checksum of the points. With --apply it reads the points of the windows that differ, and sends the fields that',
    'the other side lacks or has with another value; where both have a value, that of --from stands. Nothing is deleted.',
    'With --from-log everything that the log still holds for --db is sent, whether it is there or not: it is the same',
    'point again. The folder may be in use.',
    'Data of the last seconds may still be on its way: --end 5m leaves them out.',
    'Works with InfluxDB 1.x, and with 2.x through /query. Exit code 1 when they differ and --apply was not said, when',
    'lines were refused, or when a measurement cannot be compared.',
    'Environment: BREAKWATER_FROM_TOKEN, BREAKWATER_TO_TOKEN: a token, or user:password for 1.x.',
  ].join('\n'),
  async run(values, io) {
    const common = commonOf(values, io);
    if (values['from-log'] === undefined) return compare(values, common, io);
    if (values.from !== undefined) throw new UsageError('--from and --from-log exclude each other');
    if (values.both || values.counts || values.window !== undefined) {
      throw new UsageError('--both, --counts and --window compare two servers, and mean nothing with --from-log');
    }
    return sendFromLog(values['from-log'], values, common, io);
  },
});

interface Given {
  readonly from: string | undefined;
  readonly to: string;
  readonly db: string;
  readonly rp: string | undefined;
  readonly measurement: string | undefined;
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly window: string | undefined;
  readonly counts: boolean;
  readonly apply: boolean;
  readonly both: boolean;
  readonly org: string | undefined;
  readonly json: boolean;
}

type RefusedByServer = Omit<RefusedLine, 'number'> & { readonly url: string };

/** What both ways of reconciling need. */
function commonOf(values: Given, io: Io) {
  const nowMs = io.now();
  const range = {
    startNs: instantNs('start', values.start ?? '24h', nowMs),
    endNs: values.end === undefined ? BigInt(nowMs) * 1_000_000n : instantNs('end', values.end, nowMs),
  };
  if (range.startNs >= range.endNs) throw new UsageError('--start is not before --end');
  const refusedLines: RefusedByServer[] = [];
  return {
    to: { url: serverUrl('to', values.to), token: io.env['BREAKWATER_TO_TOKEN'] },
    database: values.db,
    retentionPolicy: values.rp,
    measurement: values.measurement,
    range,
    signal: io.signal,
    refusedLines,
    onRefused: (url: string, { text, words }: RefusedLine) => {
      if (refusedLines.length < MOST_SHOWN) refusedLines.push({ url, text, words });
      if (!values.json) io.say(`${url} refused: ${printable(words)}\n  ${printable(text)}\n`);
    },
    onWait: (words: string, waitMs: number) =>
      io.say(`waits ${count(Math.ceil(waitMs / 1_000))} s: ${printable(words)}\n`),
  };
}

type Common = ReturnType<typeof commonOf>;

const connecting =
  (org: string | undefined): Connect =>
  ({ url, token = '' }) =>
    httpBackend({ url, token, ...(org === undefined ? {} : { org }) });

async function compare(values: Given, common: Common, io: Io): Promise<ExitCode> {
  const { apply, both, counts } = values;
  if (values.from === undefined) throw new UsageError('--from is missing: --from URL, or --from-log SPOOL_DIR');
  if (both && !apply) throw new UsageError('--both needs --apply');
  const windowNs = duration('window', values.window ?? '1h');
  const wanted = (common.range.endNs - common.range.startNs) / windowNs;
  if (wanted > MOST_WINDOWS) {
    throw new UsageError(
      `those are ${count(wanted)} windows, and can be ${count(MOST_WINDOWS)}; choose a longer --window`,
    );
  }
  const windows: DifferingWindow[] = [];
  const options: ReconcileOptions = {
    ...common,
    from: { url: serverUrl('from', values.from), token: io.env['BREAKWATER_FROM_TOKEN'] },
    windowNs,
    countsOnly: counts,
    send: apply ? (both ? 'both' : 'to') : undefined,
    onWindow: (window) => {
      if (windows.length < MOST_SHOWN) windows.push(window);
    },
  };
  const report = await reconcile(options, connecting(values.org));
  await io.print(values.json ? json(jsonOf(report, windows, common.refusedLines)) : textOf(report, windows, apply));
  const isEqual = report.windows === 0 || (apply && report.refused === 0);
  return isEqual && report.incomparable.length === 0 ? FINE : FOUND;
}

async function sendFromLog(spool: string, values: Given, common: Common, io: Io): Promise<ExitCode> {
  const report = await reconcileFromLog({ ...common, spool, send: values.apply }, connecting(values.org));
  await io.print(values.json ? json(logJsonOf(report, common.refusedLines)) : logTextOf(report, values.apply));
  return report.refused === 0 ? FINE : FOUND;
}

/** Timestamps are text: numbers of that size lose digits in most readers of JSON. */
function jsonOf(
  report: ReconcileReport,
  windows: readonly DifferingWindow[],
  refusedLines: readonly RefusedByServer[],
) {
  const rows = windows.map(({ range, ...window }) => ({
    ...window,
    startNs: String(range.startNs),
    endNs: String(range.endNs),
  }));
  return { ...report, differing: rows, refusedLines };
}

function textOf(report: ReconcileReport, windows: readonly DifferingWindow[], isApplied: boolean): string {
  const { incomparable } = report;
  const parts = [
    ...(windows.length === 0 ? [] : [table(columns(isApplied), windows)]),
    ...(report.windows > windows.length ? [`… and ${count(report.windows - windows.length)} more\n`] : []),
    ...(windows.length === 0 ? [] : ['\n']),
    ...incomparable.map(({ measurement, reason }) => `Not compared: ${printable(measurement)}: ${printable(reason)}\n`),
    summaryOf(report, isApplied),
  ];
  return parts.join('');
}

function summaryOf(
  { measurements, windows, sentTo, sentFrom, refused, incomparable }: ReconcileReport,
  isApplied: boolean,
): string {
  const compared = many(measurements - incomparable.length, 'measurement');
  if (windows === 0) return `Equal: ${compared}.\n`;
  const differ = `${many(windows, 'window')} of ${compared} ${windows === 1 ? 'differs' : 'differ'}`;
  if (!isApplied) return `${differ}. --apply sends what is missing.\n`;
  return `${differ}: ${many(sentTo, 'point')} sent to --to, ${count(sentFrom)} to --from, ${count(refused)} refused.\n`;
}

/** An instant of nanoseconds: `2026-01-02T03:00:00Z`, with as many digits of a second as it needs. */
function instant(ns: bigint): string {
  const seconds = ns / 1_000_000_000n - (ns % 1_000_000_000n < 0n ? 1n : 0n);
  const fraction = String(ns - seconds * 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, -5);
  return `${whole}${fraction === '' ? '' : `.${fraction}`}Z`;
}

const columns = (isApplied: boolean): ReadonlyArray<Column<DifferingWindow>> => [
  { title: 'MEASUREMENT', of: ({ measurement }) => printable(measurement) },
  { title: 'START', of: ({ range }) => instant(range.startNs) },
  { title: 'END', of: ({ range }) => instant(range.endNs) },
  { title: 'VALUES FROM', align: 'right', of: ({ fromValues }) => count(fromValues) },
  { title: 'VALUES TO', align: 'right', of: ({ toValues }) => count(toValues) },
  ...(isApplied ? SENT : []),
];

const SENT: ReadonlyArray<Column<DifferingWindow>> = [
  { title: 'SENT TO', align: 'right', of: ({ sentTo }) => count(sentTo) },
  { title: 'SENT FROM', align: 'right', of: ({ sentFrom }) => count(sentFrom) },
];

function logJsonOf({ measurements, ...report }: FromLogReport, refusedLines: readonly RefusedByServer[]) {
  const rows = measurements.map(({ oldestNs, newestNs, ...row }) => ({
    ...row,
    oldestNs: String(oldestNs),
    newestNs: String(newestNs),
  }));
  return { ...report, measurements: rows, refusedLines };
}

function logTextOf({ measurements, points, sentTo, refused }: FromLogReport, isApplied: boolean): string {
  if (points === 0) return 'The log holds nothing for this database in that time.\n';
  const end = isApplied ? `${count(sentTo)} sent, ${count(refused)} refused.` : '--apply sends them.';
  return `${table(LOGGED, measurements)}\nThe log holds ${many(points, 'point')}. ${end}\n`;
}

const LOGGED: ReadonlyArray<Column<LoggedMeasurement>> = [
  { title: 'MEASUREMENT', of: ({ measurement }) => printable(measurement) },
  { title: 'POINTS', align: 'right', of: ({ points }) => count(points) },
  { title: 'OLDEST', of: ({ oldestNs }) => instant(oldestNs) },
  { title: 'NEWEST', of: ({ newestNs }) => instant(newestNs) },
];
