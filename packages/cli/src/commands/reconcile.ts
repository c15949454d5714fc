import { httpBackend } from '@breakwater/delivery';
import type { RefusedLine } from '@breakwater/delivery/inspect';
import { type DifferingWindow, type ReconcileReport, reconcile } from '@breakwater/delivery/reconcile';
import { command, FINE, FOUND, UsageError } from '../command.js';
import { type Column, json, table } from '../print/table.js';
import { count, many, printable } from '../print/units.js';
import { duration, instantNs, serverUrl } from '../values.js';
import { JSON_OUTPUT } from './spool-options.js';

/** More are counted, and not shown. */
const MOST_SHOWN = 10_000;

export const reconcileCommand = command({
  name: 'reconcile',
  summary: 'Find where two InfluxDB servers differ, and send what one lacks',
  options: {
    from: { value: 'URL', help: 'the server that is right', required: true },
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
    'Data of the last seconds may still be on its way: --end 5m leaves them out.',
    'Works with InfluxDB 1.x, and with 2.x through /query. Exit code 1 when they differ and --apply was not said, when',
    'lines were refused, or when a measurement cannot be compared.',
    'Environment: BREAKWATER_FROM_TOKEN, BREAKWATER_TO_TOKEN: a token, or user:password for 1.x.',
  ].join('\n'),
  async run(values, io) {
    if (values.both && !values.apply) throw new UsageError('--both needs --apply');
    const nowMs = io.now();
    const range = {
      startNs: instantNs('start', values.start ?? '24h', nowMs),
      endNs: values.end === undefined ? BigInt(nowMs) * 1_000_000n : instantNs('end', values.end, nowMs),
    };
    if (range.startNs >= range.endNs) throw new UsageError('--start is not before --end');
    const { org } = values;
    const windows: DifferingWindow[] = [];
    const refused: Array<RefusedLine & { url: string }> = [];
    const report = await reconcile(
      {
        from: { url: serverUrl('from', values.from), token: io.env['BREAKWATER_FROM_TOKEN'] },
        to: { url: serverUrl('to', values.to), token: io.env['BREAKWATER_TO_TOKEN'] },
        database: values.db,
        retentionPolicy: values.rp,
        measurement: values.measurement,
        range,
        windowNs: duration('window', values.window ?? '1h'),
        countsOnly: values.counts,
        send: values.apply ? (values.both ? 'both' : 'to') : undefined,
        signal: io.signal,
        onWindow: (window) => {
          if (windows.length < MOST_SHOWN) windows.push(window);
        },
        onRefused: (url, line) => {
          if (refused.length < MOST_SHOWN) refused.push({ url, ...line });
          if (!values.json) io.say(`${url} refused: ${printable(line.words)}\n  ${printable(line.text)}\n`);
        },
        onWait: (words, waitMs) => io.say(`waits ${count(Math.ceil(waitMs / 1_000))} s: ${printable(words)}\n`),
      },
      ({ url, token = '' }) => httpBackend({ url, token, ...(org === undefined ? {} : { org }) }),
    );
    await io.print(values.json ? json(jsonOf(report, windows, refused)) : textOf(report, windows, values.apply));
    const isEqual = report.windows === 0 || (values.apply && report.refused === 0);
    return isEqual && report.incomparable.length === 0 ? FINE : FOUND;
  },
});

/** Timestamps are text: numbers of that size lose digits in most readers of JSON. */
function jsonOf(
  report: ReconcileReport,
  windows: readonly DifferingWindow[],
  refused: ReadonlyArray<RefusedLine & { url: string }>,
) {
  const rows = windows.map(({ range, ...window }) => ({
    ...window,
    startNs: String(range.startNs),
    endNs: String(range.endNs),
  }));
  return { ...report, differing: rows, refusedLines: refused.map(({ url, text, words }) => ({ url, text, words })) };
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
