/** The cells of every table in a Markdown text whose first head is this. */
export function tableRows(lines: readonly string[], head: string): string[][] {
  const starts = lines.flatMap((line, index) => (line.startsWith(`| ${head} |`) ? [index + 2] : []));
  return starts.flatMap((start) => {
    const rows = lines.slice(start);
    const end = rows.findIndex((line) => !line.startsWith('|'));
    return rows.slice(0, end).map(cellsOf);
  });
}

const cellsOf = (row: string): string[] =>
  row
    .slice('| '.length)
    .split(/ \|(?: |$)/)
    .slice(0, -1);
