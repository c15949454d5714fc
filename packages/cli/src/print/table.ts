export interface Column<Row> {
  readonly title: string;
  /** Numbers stand to the right. Default left. */
  readonly align?: 'right';
  readonly of: (row: Row) => string;
}

/** Aligned columns under their titles, one line a row. */
export function table<Row>(columns: ReadonlyArray<Column<Row>>, rows: readonly Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ of }) => of(row)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)));
  const lines = cells.map((line) =>
    line
      .map((cell, index) =>
        columns[index]!.align === 'right' ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
