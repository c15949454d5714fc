import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Row } from './row.js';
import { batchItemRow } from './rows/batch.js';
import { breakerClosedRows, breakerFailureRows } from './rows/breaker.js';
import { keyedMemoryFailingRow, keyedMemoryRow } from './rows/keyed-memory.js';
import { pipelineRow, pipelineSignalRow } from './rows/pipeline.js';
import { probeHttpRow } from './rows/probe-http.js';
import { semaphoreRows } from './rows/semaphore.js';
import { machine, table } from './table.js';

const BENCHMARKS: Record<string, () => Promise<Row | Row[]>> = {
  pipeline: pipelineRow,
  'pipeline-signal': pipelineSignalRow,
  'breaker-closed': breakerClosedRows,
  'breaker-failure-100k': breakerFailureRows,
  'keyed-memory': keyedMemoryRow,
  'keyed-memory-failing': keyedMemoryFailingRow,
  semaphore: semaphoreRows,
  'batch-item': batchItemRow,
  'probe-http': probeHttpRow,
};

const HELP = `usage: npm run bench -- [--json] [--write] [name …]

Measures Breakwater beside the libraries a user would pick instead, in one run.
  --json    print [{name, oursNs, peer, peerNs, ratio}] instead of the table
  --write   put the table into bench/README.md
names: ${Object.keys(BENCHMARKS).join(', ')} (default: all)`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, write: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const unknown = positionals.filter((name) => !(name in BENCHMARKS));
  if (unknown.length > 0) throw new Error(`no such benchmark: ${unknown.join(', ')}\n\n${HELP}`);
  const names = positionals.length > 0 ? positionals : Object.keys(BENCHMARKS);
  const rows: Row[] = [];
  for (const name of names) {
    process.stderr.write(`measuring ${name} …\n`);
    rows.push(...[await BENCHMARKS[name]!()].flat());
  }
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : `${table(rows)}\n\n${machine()}`);
  if (values.write) await writeTable(rows);
}

const START = '<!-- table: npm run bench -- --write -->';
const END = '<!-- end of table -->';

async function writeTable(rows: readonly Row[]): Promise<void> {
  const file = new URL('../README.md', import.meta.url);
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(START);
  const to = text.indexOf(END);
  if (from === -1 || to === -1) throw new Error(`bench/README.md lacks the marks ${START} and ${END}`);
  await writeFile(file, `${text.slice(0, from)}${START}\n${table(rows)}\n\n${machine()}\n${text.slice(to)}`);
}

try {
  await main();
  // Bottleneck and opossum leave timers behind.
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
