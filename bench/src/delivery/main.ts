import { parseArgs } from 'node:util';
import { machine } from '../table.js';
import type { Comparison } from './comparison.js';
import { healthy, outage, slow } from './comparisons.js';
import { isolation } from './isolation.js';
import { logAlone } from './log-alone.js';

const BENCHMARKS: Readonly<Record<string, () => Promise<Comparison[]>>> = {
  log: logAlone,
  healthy,
  outage,
  slow,
  isolation,
};

const HELP = `usage: npm run bench:delivery -- [--json] [name …]

Measures the durable write API beside @influxdata/influxdb-client's on the same servers, and the log beside a plain
write and fdatasync.
  --json    print [{name, unit, ours, theirs, ratio, goal}] instead of the table
names: ${Object.keys(BENCHMARKS).join(', ')} (default: all)`;

function verdict({ goal, ratio, ours }: Comparison): string {
  if (goal === undefined) return 'reported';
  if ('atLeast' in goal) return ratio >= goal.atLeast ? 'reached' : 'missed';
  // Of nothing lost there is no ratio.
  return (goal.atMost === 0 ? ours === 0 : ratio <= goal.atMost) ? 'reached' : 'missed';
}

function goalText({ goal }: Comparison): string {
  if (goal === undefined) return '–';
  if ('atLeast' in goal) return `≥ ${goal.atLeast}`;
  return goal.atMost === 0 ? 'none' : `≤ ${goal.atMost}`;
}

const figure = (value: number): string =>
  value >= 100 || value === 0 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
const ratioText = (ratio: number): string => (Number.isFinite(ratio) ? ratio.toFixed(2) : '–');

function table(rows: readonly Comparison[]): string {
  const lines = [
    ['name', 'ours', 'theirs', 'unit', 'ratio', 'to reach', ''],
    ...rows.map((row) => [
      row.name,
      figure(row.ours),
      figure(row.theirs),
      row.unit,
      ratioText(row.ratio),
      goalText(row),
      verdict(row),
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return text.join('\n');
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
});
const unknown = positionals.filter((name) => !(name in BENCHMARKS));
if (values.help === true || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`no such benchmark: ${unknown.join(', ')}\n\n`);
  process.stdout.write(`${HELP}\n`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const rows: Comparison[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHMARKS)) {
  process.stderr.write(`measuring ${name} …\n`);
  rows.push(...(await BENCHMARKS[name]!()));
}
process.stdout.write(
  values.json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : `${table(rows)}\n\n${machine()}\n`,
);
process.exit(0);
