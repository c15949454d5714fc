/** What a line says, read by the rules that databases agree on. */
export interface ParsedLine {
  measurement: string;
  tags: Array<[key: string, value: string]>;
  fields: Array<[key: string, value: string | number | bigint | boolean]>;
  timestamp: bigint;
}

/**
 * A strict parser of one line of line protocol. It throws wherever databases differ about what a line means: at a
 * backslash whose reading depends on who reads it, at a line end anywhere, at a comment.
 */
export function parseLine(line: string): ParsedLine {
  return new LineParser(line).parse();
}

class LineParser {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  parse(): ParsedLine {
    if (/[\r\n\t]/.test(this.#line)) this.#fail('a line end or tab');
    if (this.#line.startsWith('#')) this.#fail('a comment');
    const measurement = this.#name(', ', ', ');
    if (measurement === '') this.#fail('no measurement');
    const tags = this.#tags();
    this.#expect(' ');
    const fields = this.#fields();
    this.#expect(' ');
    const stamp = this.#line.slice(this.#at);
    if (!/^-?\d{1,19}$/.test(stamp)) this.#fail('no timestamp');
    return { measurement, tags, fields, timestamp: BigInt(stamp) };
  }

  #tags(): ParsedLine['tags'] {
    const tags: ParsedLine['tags'] = [];
    while (this.#line[this.#at] === ',') {
      this.#at++;
      const key = this.#name('=', ',= ');
      this.#expect('=');
      const value = this.#name(', ', ',= ');
      if (key === '' || value === '') this.#fail('an empty tag');
      if (tags.length > 0 && tags.at(-1)![0] >= key) this.#fail('tags out of order');
      tags.push([key, value]);
    }
    return tags;
  }

  #fields(): ParsedLine['fields'] {
    const fields: ParsedLine['fields'] = [];
    do {
      if (fields.length > 0) this.#at++;
      const key = this.#name('=', ',= ');
      if (key === '') this.#fail('an empty field key');
      this.#expect('=');
      fields.push([key, this.#line[this.#at] === '"' ? this.#quoted() : this.#bare()]);
    } while (this.#line[this.#at] === ',');
    return fields;
  }

  /** Reads up to one of `ends`; a backslash escapes one of `special` and stands for itself before anything else. */
  #name(ends: string, special: string): string {
    let name = '';
    for (; this.#at < this.#line.length; this.#at++) {
      const char = this.#line[this.#at]!;
      const next = this.#line[this.#at + 1];
      if (char === '\\' && next !== undefined && special.includes(next)) {
        // Is the blank escaped in `\\ `? InfluxDB says yes, VictoriaMetrics says no.
        if (this.#line[this.#at - 1] === '\\') this.#fail('an ambiguous backslash');
        name += next;
        this.#at++;
      } else if (ends.includes(char)) {
        return name;
      } else if (special.includes(char)) {
        this.#fail(`a bare ${JSON.stringify(char)}`);
      } else {
        name += char;
      }
    }
    return this.#fail('an early end');
  }

  #quoted(): string {
    let text = '';
    for (this.#at++; this.#at < this.#line.length; this.#at++) {
      const char = this.#line[this.#at]!;
      if (char === '"') {
        this.#at++;
        return text;
      }
      const next = this.#line[this.#at + 1];
      if (char === '\\' && (next === '"' || next === '\\')) this.#at++;
      text += this.#line[this.#at];
    }
    return this.#fail('an open quote');
  }

  #bare(): number | bigint | boolean {
    const text = /^[^, ]*/.exec(this.#line.slice(this.#at))![0];
    this.#at += text.length;
    if (text === 'true' || text === 'false') return text === 'true';
    if (/^-?\d+i$/.test(text)) return BigInt(text.slice(0, -1));
    if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text)) return Number(text);
    return this.#fail(`the value ${text}`);
  }

  #expect(char: string): void {
    if (this.#line[this.#at] !== char) this.#fail(`no ${JSON.stringify(char)}`);
    this.#at++;
  }

  #fail(what: string): never {
    throw new Error(`${what} at ${this.#at} of ${this.#line}`);
  }
}
