import { cpus, totalmem } from 'node:os';
import { GOALS, type Goal, type Row } from './row.js';

/** The goal that a row is held against. */
function goalOf(row: Row): Goal {
  const goal = GOALS.find((candidate) => candidate.name === row.name && candidate.peer === row.peer);
  if (goal === undefined) throw new Error(`no goal is stated for the row ${row.name} against ${row.peer}`);
  return goal;
}

/** A row's verdict in words, honest also where it falls short. */
function verdict(row: Row): string {
  const { atMost } = goalOf(row);
  if (atMost === undefined) return 'reported';
  if (row.ratio <= atMost) return 'reached';
  return `missed by ${(row.ratio / atMost).toFixed(2)} ×`;
}

const HEAD = ['name', 'ours', 'peer', 'peer’s', 'unit', 'ratio', 'to reach', ''] as const;

function cells(row: Row): string[] {
  const goal = goalOf(row);
  return [
    row.name,
    figure(row.oursNs),
    row.peer,
    figure(row.peerNs),
    goal.unit,
    ratioText(row.ratio),
    goal.atMost === undefined ? '–' : `≤ ${goal.atMost}`,
    verdict(row),
  ];
}

/** The table in Markdown, columns aligned so that it reads in a terminal too. */
export function table(rows: readonly Row[]): string {
  const lines = [[...HEAD], ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return text.join('\n');
}

/** Where the figures come from: they mean little without it. */
export function machine(): string {
  const [cpu] = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${memoryGiB} GiB, ${process.platform} ${process.arch}`;
}

const figure = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

const ratioText = (ratio: number): string => (ratio >= 0.01 ? ratio.toFixed(2) : ratio.toPrecision(2));
