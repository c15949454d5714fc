import { type Document, isMap, isNode, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import type { Finding } from '../finding.js';

export type Path = ReadonlyArray<string | number>;

/** The longest file that is read: what is rendered from 20 backends and 1,000 alerts stays far below. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** One document of a YAML or JSON file, and where each of its values stands. */
export class YamlDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** @throws ReferenceError for aliases that cannot be followed. */
  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
    this.value = document.toJS({ maxAliasCount: 100 });
    if (holdsItself(this.value)) throw new ReferenceError('an alias stands for what it stands in');
  }

  /** What lies at a path; undefined where nothing does. */
  at(path: Path): unknown {
    return path.reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
      this.value,
    );
  }

  /** The line of what lies at a path, or of the nearest thing above it that exists. */
  lineOf(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#nodeAt(path.slice(0, length));
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  /** The key of what lies at a path, since a map begins on the line below its key; what has none, itself. */
  #nodeAt(path: Path): unknown {
    if (path.length === 0) return this.#document.contents;
    const parent = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
    return pair?.key ?? this.#document.getIn(path, true);
  }

  /** The line of a text's own line, counted from 0: in a block it is that one, else the first of the text. */
  lineInText(path: Path, line: number): number {
    const node: unknown = this.#document.getIn(path, true);
    const start = this.lineOf(path);
    if (!isScalar(node)) return start;
    if (node.type === 'BLOCK_LITERAL') return start + 1 + line;
    return node.type === 'BLOCK_FOLDED' ? start + 1 : start;
  }
}

/** A YAML or JSON file that was read: its documents, or what keeps it from being read. */
export class YamlSource {
  readonly file: string;
  readonly text: string;
  /** Empty documents are left out. */
  readonly documents: readonly YamlDocument[];
  /** Where it is no YAML at all. */
  readonly problems: readonly Finding[];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    if (text.length > MAX_CHARACTERS) {
      this.documents = [];
      this.problems = [
        {
          check: 'syntax',
          severity: 'error',
          file,
          message: `has ${text.length} characters, and at most ${MAX_CHARACTERS} are read`,
          fix: 'split it',
        },
      ];
      return;
    }
    const lines = new LineCounter();
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const documents: Document.Parsed[] = 'empty' in parsed ? [] : [...parsed];
    this.problems = documents.flatMap(({ errors, warnings }) =>
      [...errors, ...warnings].map((error) => ({
        check: 'syntax',
        severity: 'error' as const,
        file,
        line: lines.linePos(error.pos[0]).line,
        message: `this is no YAML: ${error.message}`,
        fix: 'mend the syntax',
      })),
    );
    this.documents = [];
    if (this.problems.length > 0) return;
    try {
      this.documents = documents
        .filter(({ contents }) => contents !== null)
        .map((document) => new YamlDocument(file, document, lines));
    } catch (error) {
      // Aliases are followed only here: one of nothing, one of what it stands in, or so many that memory would not do.
      if (!(error instanceof ReferenceError)) throw error;
      const fix = 'write out what the aliases (*name) stand for';
      this.problems = [{ check: 'syntax', severity: 'error', file, message: error.message, fix }];
    }
  }
}

/** Whether a value stands within itself, which walking it would never end. */
function holdsItself(value: unknown, above = new Set<unknown>(), seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.has(value)) return true;
  if (seen.has(value)) return false;
  seen.add(value);
  above.add(value);
  const found = Object.values(value).some((below) => holdsItself(below, above, seen));
  above.delete(value);
  return found;
}
