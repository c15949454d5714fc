/** One measured figure, and what it is held against. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Undefined: reported only. */
  readonly atMost?: number;
}

const HEAD = ['name', 'measured', 'unit', 'to reach', ''];

const shown = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

function cells({ name, value, unit, atMost }: Figure): string[] {
  if (atMost === undefined) return [name, shown(value), unit, '–', 'reported'];
  return [name, shown(value), unit, `≤ ${atMost}`, value <= atMost ? 'reached' : 'missed'];
}

/** The figures in Markdown, columns aligned so that it reads in a terminal too. */
export function figures(rows: readonly Figure[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  text.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return text.join('\n');
}
