/** One line of a section: its words without comment, quotes and escapes resolved. */
export interface HaproxyLine {
  readonly line: number;
  readonly words: readonly string[];
}

export interface HaproxySection {
  /** `global`, `defaults`, `frontend`, `backend`, `listen`, `resolvers`, `peers`, … */
  readonly kind: string;
  readonly name: string | undefined;
  readonly line: number;
  readonly lines: readonly HaproxyLine[];
}

/** A haproxy.cfg that was read. What no section heading precedes is in none. */
export class HaproxyConfig {
  readonly file: string;
  readonly sections: readonly HaproxySection[];

  constructor(file: string, text: string) {
    this.file = file;
    const sections: Array<HaproxySection & { lines: HaproxyLine[] }> = [];
    for (const [index, raw] of text.split('\n').entries()) {
      const words = wordsOf(raw);
      const [first] = words;
      if (first === undefined) continue;
      if (/^[a-z]/.test(raw) && HEADINGS.has(first)) {
        sections.push({ kind: first, name: words[1], line: index + 1, lines: [] });
      } else sections.at(-1)?.lines.push({ line: index + 1, words });
    }
    this.sections = sections;
  }
}

const HEADINGS = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'resolvers',
  'peers',
  'userlist',
  'mailers',
  'program',
  'http-errors',
  'cache',
  'ring',
]);

/** Words are split at blanks; quotes and backslashes hold them together, and a `#` outside of them ends the line. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (quote === undefined && char === '#') break;
    if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (char === '\\' && quote !== "'" && at + 1 < line.length) word = (word ?? '') + line[++at]!;
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
