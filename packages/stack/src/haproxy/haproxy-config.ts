/** One line of a section: its words without comment, quotes and escapes resolved. */
export interface HaproxyLine {
  readonly line: number;
  readonly words: readonly string[];
}

export interface HaproxySection {
  /** `global`, `defaults`, `frontend`, `backend`, `listen`, `resolvers`, `peers`, … */
  readonly kind: string;
  readonly name: string | undefined;
  /** The `defaults` section that it says it takes over. */
  readonly from: string | undefined;
  readonly line: number;
  readonly lines: readonly HaproxyLine[];
}

/** A haproxy.cfg that was read, every branch of an `.if` included. What no section heading precedes is in none. */
export class HaproxyConfig {
  readonly file: string;
  readonly sections: readonly HaproxySection[];

  /** @param firstLine where the text begins in its file, for one that lies in a ConfigMap. */
  constructor(file: string, text: string, firstLine = 1) {
    this.file = file;
    const sections: Array<HaproxySection & { lines: HaproxyLine[] }> = [];
    for (const [index, raw] of text.split(/\r?\n/).entries()) {
      const words = wordsOf(raw);
      const [first, second] = words;
      if (first === undefined || first.startsWith('.')) continue;
      const line = firstLine + index;
      if (HEADINGS.has(first)) {
        const at = words.indexOf('from', 1);
        const name = second === 'from' ? undefined : second;
        sections.push({ kind: first, name, from: at < 0 ? undefined : words[at + 1], line, lines: [] });
      } else sections.at(-1)?.lines.push({ line, words });
    }
    this.sections = sections;
  }

  named(kind: string): readonly HaproxySection[] {
    return this.sections.filter((section) => section.kind === kind);
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
  'fcgi-app',
  'log-forward',
]);

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

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
    } else if (char === '\\' && quote !== "'" && at + 1 < line.length) {
      const escaped = line[++at]!;
      word = (word ?? '') + (ESCAPES[escaped] ?? escaped);
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
