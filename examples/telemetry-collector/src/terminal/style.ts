const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;
export type StyleName = keyof typeof CODES;

/** Gives text a colour, or leaves it as it is. */
export type Paint = (style: StyleName, text: string) => string;

const painted: Paint = (style, text) => `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m`;
const plain: Paint = (_style, text) => text;

/** Colours for a terminal that can show them, as `NO_COLOR` (no-color.org) and `TERM=dumb` ask. */
export function paintFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const wanted = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return wanted ? painted : plain;
}
