import { Composer, type CST, type Document, Lexer, Parser } from 'yaml';
import type { Mistakes } from './mistakes.js';
import { Slices } from './slices.js';

/** Takes one entry of the list; afterwards its tree may go. */
export type Visit = (entry: Document.Parsed, index: number) => void;

const MAX_DEPTH = 64;
/** Lexemes of one entry, and of everything that is not the list. */
const MAX_HELD = 20_000;
const REFUSED: Readonly<Record<string, string>> = {
  '&': 'anchors are not supported; what targets share belongs under defaults',
  '*': 'aliases are not supported; what targets share belongs under defaults',
  '!': 'tags are not supported',
  '%': 'directives are not supported',
};

/**
 * Reads a YAML document whose bulk is one list under the key `list`, handing over the list's entries one by one and
 * returning the rest, with the list empty. `yaml` needs a few seconds and a lot of memory for a hundred thousand
 * entries; so entries are taken out of its parser as they are complete, and the work is cut into slices. Aliases, tags
 * and deep nesting are refused before they cost anything. Offsets in the documents are offsets in `text`.
 *
 * @returns nothing if the text is no such document; `mistakes` says why.
 */
export async function readList(
  text: string,
  list: string,
  visit: Visit,
  mistakes: Mistakes,
): Promise<Document.Parsed | undefined> {
  const reader = new ListReader(list, visit, mistakes);
  const slices = new Slices();
  let untilLook = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (!reader.next(lexeme)) return undefined;
    if (++untilLook < 64) continue;
    untilLook = 0;
    if (slices.due) await slices.rest();
  }
  return reader.end();
}

class ListReader {
  readonly #key: string;
  readonly #visit: Visit;
  readonly #mistakes: Mistakes;
  readonly #parser = new Parser();
  #document: CST.Document | undefined;
  #scalarNext = false;
  #entries = 0;
  #held = 0;

  constructor(key: string, visit: Visit, mistakes: Mistakes) {
    this.#key = key;
    this.#visit = visit;
    this.#mistakes = mistakes;
  }

  /** Takes one lexeme; false: it makes no sense to go on. */
  next(lexeme: string): boolean {
    const refusal = this.#scalarNext ? undefined : REFUSED[lexeme[0]!];
    if (refusal !== undefined) return this.#refuse(refusal);
    // zod passes over this key, and a key that is passed over is not refused.
    if (/^["']?__proto__["']?$/.test(lexeme)) return this.#refuse('"__proto__" cannot be used');
    this.#scalarNext = !this.#scalarNext && lexeme === '\x1f';
    for (const token of this.#parser.next(lexeme)) if (!this.#take(token)) return false;
    if (this.#parser.stack.length > MAX_DEPTH) return this.#refuse('this is nested too deeply');
    if (++this.#held > MAX_HELD) return this.#refuse('there is too much in one place here');
    const open = this.#openList();
    if (open !== undefined && open.items.length > 2) this.#handOver(open, open.items.length - 2);
    return true;
  }

  end(): Document.Parsed | undefined {
    for (const token of this.#parser.end()) if (!this.#take(token)) return undefined;
    if (this.#document === undefined) {
      this.#mistakes.add(0, '', 'is empty; a targets file begins with apiVersion: breakwater/v1');
      return undefined;
    }
    const list = this.#closedList(this.#document);
    if (list !== undefined) this.#handOver(list, list.items.length);
    return this.#compose(this.#document);
  }

  #refuse(message: string): false {
    this.#mistakes.add(this.#parser.offset, '', message);
    return false;
  }

  #take(token: CST.Token): boolean {
    switch (token.type) {
      case 'document':
        if (this.#document !== undefined) {
          this.#mistakes.add(token.offset, '', 'there is a second document here; one file is one document');
          return false;
        }
        this.#document = token;
        return true;
      case 'error':
        // Its message may quote the text, and the text may hold a secret.
        this.#mistakes.add(token.offset, '', 'this is no YAML');
        return true;
      default:
        return true;
    }
  }

  /** The list, while the parser is inside it: the value of a key of the outermost map. */
  #openList(): List | undefined {
    const [, map, list] = this.#parser.stack;
    if (!isList(list) || !isMap(map)) return undefined;
    const pair = map.items.at(-1);
    return pair !== undefined && this.#isKey(pair) ? list : undefined;
  }

  #closedList({ value }: CST.Document): List | undefined {
    if (!isMap(value)) return undefined;
    const pair = value.items.find((item) => this.#isKey(item));
    return isList(pair?.value) ? pair.value : undefined;
  }

  #isKey({ key }: { key?: CST.Token | null }): boolean {
    if (key === undefined || key === null || !('source' in key)) return false;
    return key.source === this.#key || key.source === `"${this.#key}"` || key.source === `'${this.#key}'`;
  }

  /** Takes the first `count` entries out of the parser's list. It looks back at the last two, no further. */
  #handOver(list: List, count: number): void {
    for (const item of list.items.splice(0, count)) {
      this.#held = 0;
      const value = item.value ?? item.key ?? undefined;
      const mistake = list.type === 'block-seq' ? mistakeInDash(item) : mistakeInCommas(item, this.#entries === 0);
      // What follows the last entry: a comment, or a comma.
      if (value === undefined && mistake === undefined && !item.start.some(isDash)) continue;
      const start = (item.key ?? value)?.offset ?? item.start.find(isDash)?.offset ?? list.offset;
      const index = this.#entries++;
      if (mistake !== undefined) this.#mistakes.add(start, `${this.#key}[${index}]`, mistake);
      else this.#visit(this.#compose({ type: 'document', offset: start, start: [], ...(value && { value }) }), index);
    }
  }

  #compose(token: CST.Document): Document.Parsed {
    const composer = new Composer({ stringKeys: true, prettyErrors: false, logLevel: 'silent' });
    const documents = [...composer.next(token), ...composer.end()];
    return documents[0]!;
  }
}

type Item = List['items'][number];

const isDash = (token: CST.SourceToken): boolean => token.type === 'seq-item-ind';

function mistakeInDash({ start, value }: Item): string | undefined {
  return value === undefined || start.some(isDash) ? undefined : 'is no entry; an entry begins with "- "';
}

function mistakeInCommas({ start, sep }: Item, isFirst: boolean): string | undefined {
  if (sep?.some(({ type }) => type === 'map-value-ind') === true) return 'is no entry; put it into braces';
  const commas = start.filter(({ type }) => type === 'comma').length;
  return commas === (isFirst ? 0 : 1) ? undefined : 'needs one comma between it and the entry before';
}

type List = CST.BlockSequence | CST.FlowCollection;

const isList = (token: CST.Token | undefined): token is List =>
  token?.type === 'block-seq' || (token?.type === 'flow-collection' && token.start.source === '[');

const isMap = (token: CST.Token | undefined): token is CST.BlockMap | CST.FlowCollection =>
  token?.type === 'block-map' || (token?.type === 'flow-collection' && token.start.source === '{');
