import { count, printable } from '../print/units.js';

const MOST_NAMED = 10;
const LONGEST = 200;

/** The first of many: `a, b, and 12 more`. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ');
  return names.length > MOST_NAMED ? `${shown}, and ${count(names.length - MOST_NAMED)} more` : shown;
}

/** What other programs said, on one line of bounded length, without what a terminal would obey. */
export const words = (text: string): string => {
  const line = printable(
    text
      .slice(0, LONGEST + 1)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
};
