export type SeriesLabels = Readonly<Record<string, string>>;

/** A line that is no exposition, or a page that exceeds a limit. Lines and columns count from 1. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';
  readonly kind: 'malformed' | 'too-large';
  readonly line: number;
  readonly column: number;

  constructor(kind: 'malformed' | 'too-large', reason: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${reason}`);
    this.kind = kind;
    this.line = line;
    this.column = column;
  }
}

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;
const NO_LABELS: SeriesLabels = Object.freeze(Object.create(null) as Record<string, string>);

const START = 1;
const DIGIT = 2;
const COLON = 4;
const NUMERIC = 8;
/** What each ASCII character may be part of. */
const KIND = new Uint8Array(128);
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') KIND[letter.charCodeAt(0)] = START;
for (const digit of '0123456789') KIND[digit.charCodeAt(0)] = DIGIT | NUMERIC;
for (const sign of '+-.eE') KIND[sign.charCodeAt(0)]! |= NUMERIC;
KIND[':'.charCodeAt(0)] = COLON;

const kindOf = (code: number): number => (code < 128 ? KIND[code]! : 0);

/** Reads the parts of one line from left to right, in one pass, and says where it stopped understanding. */
export class LineReader {
  #text = '';
  #start = 0;
  #at = 0;
  #end = 0;
  #line = 1;

  /** Goes to a new line: the characters of `text` from `start` to before `end`. */
  open(text: string, start: number, end: number, line: number): this {
    this.#text = text;
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#line = line;
    return this;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  fail(reason: string): never {
    throw new ExpositionError('malformed', reason, this.#line, this.#at - this.#start + 1);
  }

  /** The character here, NaN at the end of the line. */
  #peek(): number {
    return this.#at < this.#end ? this.#text.charCodeAt(this.#at) : Number.NaN;
  }

  #take(code: number): boolean {
    if (this.#peek() !== code) return false;
    this.#at++;
    return true;
  }

  /** Whether the line goes on with `sign`; then it is read. */
  takes(sign: string): boolean {
    return this.#take(sign.charCodeAt(0));
  }

  /** Skips spaces and tabs; says whether there were any. */
  blank(): boolean {
    const from = this.#at;
    while (this.#peek() === SPACE || this.#peek() === TAB) this.#at++;
    return this.#at > from;
  }

  metricName(): string {
    return this.#name(START | COLON, 'a metric name');
  }

  #name(first: number, what: string): string {
    const from = this.#at;
    if ((kindOf(this.#peek()) & first) === 0) this.fail(`expected ${what}`);
    while ((kindOf(this.#peek()) & (first | DIGIT)) !== 0) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  /**
   * `{name="value", …}` or nothing. A label with an empty value is the same as no label (Prometheus data model).
   * Labels that are not `wanted` are passed over: checked, not collected.
   */
  labels(wanted: boolean): SeriesLabels {
    if (!this.#take(OPEN)) return NO_LABELS;
    // Without a prototype, so that a label called __proto__ is a label.
    const labels = wanted ? (Object.create(null) as Record<string, string>) : undefined;
    for (this.blank(); !this.#take(CLOSE); this.blank()) {
      const name = this.#name(START, 'a label name or }');
      this.blank();
      if (!this.#take(EQUALS)) this.fail(`expected = after the label name ${name}`);
      this.blank();
      const value = this.#quoted(name);
      if (labels !== undefined) {
        if (name in labels) this.fail(`the label ${name} occurs twice`);
        if (value !== '') labels[name] = value;
      }
      this.blank();
      if (!this.#take(COMMA) && this.#peek() !== CLOSE) this.fail(`expected , or } after the label ${name}`);
    }
    return labels ?? NO_LABELS;
  }

  #quoted(label: string): string {
    if (!this.#take(QUOTE)) this.fail(`expected " before the value of the label ${label}`);
    let value = '';
    let from = this.#at;
    for (; this.#at < this.#end; this.#at++) {
      const code = this.#peek();
      if (code === QUOTE) return value + this.#text.slice(from, this.#at++);
      if (code !== BACKSLASH || this.#at + 1 === this.#end) continue;
      value += this.#text.slice(from, this.#at++) + unescaped(this.#peek());
      from = this.#at + 1;
    }
    return this.fail(`the value of the label ${label} has no closing "`);
  }

  /** A number as Prometheus writes it, NaN and infinities among them. */
  number(what: string): number {
    const from = this.#at;
    let plain = true;
    for (let code = this.#peek(); !(Number.isNaN(code) || code === SPACE || code === TAB); code = this.#peek()) {
      if ((kindOf(code) & NUMERIC) === 0) plain = false;
      this.#at++;
    }
    const token = this.#text.slice(from, this.#at);
    const value = plain && token !== '' ? Number(token) : Number.NaN;
    if (!Number.isNaN(value)) return value;
    const special = SPECIAL.get(token.toLowerCase());
    if (special !== undefined) return special;
    this.#at = from;
    return this.fail(`expected ${what}`);
  }
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['+nan', Number.NaN],
  ['-nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
]);

/** What stands for `\` and the character `code`; an unknown pair stays as it is, as in Prometheus. */
function unescaped(code: number): string {
  if (code === 110) return '\n';
  if (code === QUOTE) return '"';
  if (code === BACKSLASH) return '\\';
  return `\\${String.fromCharCode(code)}`;
}
