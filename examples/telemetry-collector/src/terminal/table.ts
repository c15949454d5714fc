import type { Paint, StyleName } from './style.js';

export interface Column {
  readonly title: string;
  /** Numbers stand to the right. Default left. */
  readonly align?: 'left' | 'right';
  /** The column that gives way when the table is too wide. */
  readonly flexible?: boolean;
}

/** A text, with a style if it is to stand out. */
export type Cell = string | { readonly text: string; readonly style: StyleName };

const GAP = '  ';
const NARROWEST = 8;

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** Lays out a table in lines of `width` characters at most; what is too long ends in an ellipsis. */
export function layOut(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly Cell[]>,
  width: number,
  paint: Paint,
): string[] {
  const widths = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(textOf(row[index] ?? ''))), widthOf(title)),
  );
  const total = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible === true);
  if (total > width && flexible !== -1) {
    widths[flexible] = Math.max(NARROWEST, widths[flexible]! - (total - width));
  }
  const line = (cells: readonly Cell[]) => {
    const padded = columns.map((column, index) => fit(cells[index] ?? '', widths[index]!, column, paint));
    return cutPlain(padded, width);
  };
  return [line(columns.map(({ title }) => ({ text: title, style: 'dim' as const }))), ...rows.map(line)];
}

interface Fitted {
  readonly text: string;
  readonly shown: string;
}

function fit(cell: Cell, width: number, { align }: Column, paint: Paint): Fitted {
  const text = shorten(textOf(cell), width);
  const padding = ' '.repeat(width - widthOf(text));
  const styled = typeof cell === 'string' ? text : paint(cell.style, text);
  return align === 'right'
    ? { text: padding + text, shown: padding + styled }
    : { text: text + padding, shown: styled + padding };
}

/** Puts the cells of a line together, leaving out those that begin beyond the width. */
function cutPlain(cells: readonly Fitted[], width: number): string {
  let used = 0;
  let line = '';
  for (const { text, shown } of cells) {
    const gap = line === '' ? '' : GAP;
    const needed = gap.length + widthOf(text);
    if (used + needed > width) break;
    line += gap + shown;
    used += needed;
  }
  return line.trimEnd();
}

/** Cuts a text to `width` characters, the last of them an ellipsis. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

const widthOf = (text: string): number => [...text].length;
