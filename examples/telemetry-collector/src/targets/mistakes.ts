/** One thing that is wrong in a file. */
export interface Mistake {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Such as `targets[3].interval`; empty: the file itself. */
  readonly path: string;
  /** What is wrong there, and what would be right. Never a secret. */
  readonly message: string;
}

const LISTED = 20;
const KEPT = 1000;

/** The targets file cannot be used. The message lists the first 20 mistakes, one to a line. */
export class TargetsFileError extends Error {
  override readonly name = 'TargetsFileError';
  readonly code = 'ERR_TELEMETRY_TARGETS_FILE';
  readonly file: string;
  /** The first 20, in the order of the file. */
  readonly mistakes: readonly Mistake[];
  /** How many were found in all. */
  readonly total: number;

  constructor(file: string, mistakes: readonly Mistake[], total: number = mistakes.length) {
    const listed = mistakes.slice(0, LISTED);
    const lines = listed.map(({ line, column, path, message }) => {
      const where = path === '' ? '' : ` ${path}:`;
      return `\n  ${file}:${line}:${column}:${where} ${message}`;
    });
    const more = total > listed.length ? `\n  and ${total - listed.length} more` : '';
    super(`${file}: ${total} ${total === 1 ? 'mistake' : 'mistakes'}${lines.join('')}${more}`);
    this.file = file;
    this.mistakes = listed;
    this.total = total;
  }
}

/** Gathers what is wrong with one text, by offset, and turns it into lines and columns at the end. */
export class Mistakes {
  readonly #text: string;
  #found: Array<{ offset: number; path: string; message: string }> = [];
  #total = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get any(): boolean {
    return this.#total > 0;
  }

  add(offset: number, path: string, message: string): void {
    this.#total++;
    if (this.#found.length < KEPT) this.#found.push({ offset, path, message });
  }

  /** The line of an offset, for a message about two places. */
  lineOf(offset: number): number {
    return placeOf(this.#text, offset).line;
  }

  toError(file: string): TargetsFileError {
    const first = this.#found.sort((a, b) => a.offset - b.offset).slice(0, LISTED);
    const mistakes = first.map(({ offset, path, message }) => ({ ...placeOf(this.#text, offset), path, message }));
    return new TargetsFileError(file, mistakes, this.#total);
  }
}

/** The line and column of an offset. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: Math.min(offset, text.length) - start + 1 };
}
