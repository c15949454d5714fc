/** What a parser says of one line of protocol that stands alone. */
export type Reading = { readonly refused: string } | Line;

export interface Line {
  readonly key: string;
  readonly fields: string;
  /** The digits, where there are any. */
  readonly time: string | undefined;
}

const BLANKS = /^[ \t\0]*/;
const FIELD_NAME = /(?:\\[\s\S]|[^\\=, ])+=/y;
const STRING = /"(?:\\[\s\S]|[^"\\])*"(?:"(?:\\[\s\S]|[^"\\])*"|[^\\,= "])*/y;
const WORD = /[^, ]+/y;
const BOOLEAN = /^(?:t|T|true|True|TRUE|f|F|false|False|FALSE)$/;
const INTEGER = /^-?\d+(?=i$)/;
const FLOAT = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const TIME = /^[ \t\0]*(-?\d+)? *$/;

/** Slow and obvious: one line without its line end, a character for each byte. `refused` says which rule it broke. */
export function readLine(line: string): Reading {
  try {
    return read(line.replace(BLANKS, ''));
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message };
    throw error;
  }
}

class Refusal extends Error {}

const refuse = (rule: string): never => {
  throw new Refusal(rule);
};

function read(line: string): Line {
  const keyEnd = readKey(line);
  const key = line.slice(0, keyEnd);
  const rest = line.slice(keyEnd).replace(BLANKS, '');
  const fields = readFields(rest, key.length);
  const time = TIME.exec(rest.slice(fields.length));
  if (time === null) return refuse('timestamp');
  return { key, fields, time: time[1] };
}

/** The first of these characters from there that has no backslash before it. */
function until(line: string, from: number, characters: string): number {
  for (let at = from; at < line.length; at++) {
    if (characters.includes(line[at]!) && line[at - 1] !== '\\') return at;
  }
  return refuse('cut off');
}

function readKey(line: string): number {
  if (line === '' || line[0] === ',') refuse('measurement');
  let at = until(line, 1, ', ');
  if (!isUtf8(line.slice(0, at))) refuse('measurement not UTF-8');
  const keys: string[] = [];
  while (line[at] === ',') {
    const key = at + 1;
    if (' ,='.includes(line[key] ?? ' ')) refuse('tag key');
    const equals = until(line, key + 1, '=, ');
    if (line[equals] !== '=') refuse('tag without value');
    if (' ,'.includes(line[equals + 1] ?? ' ')) refuse('empty tag value');
    at = until(line, equals + 2, '=, ');
    if (line[at] === '=') refuse('tag value with equals sign');
    keys.push(line.slice(key, equals));
  }
  if (keys.includes('time')) refuse('tag called time');
  if (new Set(keys).size < keys.length) refuse('duplicate tag');
  if ([100, 200, 400, 800, 1600, 3200].includes(keys.length)) refuse('tag count');
  if (at > 65_535) refuse('key too long');
  return at;
}

const isUtf8 = (bytes: string): boolean => {
  const buffer = Buffer.from(bytes, 'latin1');
  return Buffer.from(buffer.toString('utf8'), 'utf8').equals(buffer);
};

function readFields(rest: string, keyLength: number): string {
  const types = new Map<string, string>();
  let at = 0;
  for (;;) {
    const name = match(FIELD_NAME, rest, at) ?? refuse('field name');
    const key = name.slice(0, -1);
    if (!isUtf8(key)) refuse('field name not UTF-8');
    if (key.endsWith('\\')) refuse('field name ends with a backslash');
    if (keyLength + 4 + key.length > 65_535) refuse('key too long');
    at += name.length;
    const value = match(rest[at] === '"' ? STRING : WORD, rest, at) ?? refuse('field value');
    at += value.length;
    const type = typeOf(value);
    const unescaped = key.replace(/\\([,"= ])/g, '$1');
    if (unescaped !== 'time' && (types.get(unescaped) ?? type) !== type) refuse('two types');
    types.set(unescaped, type);
    if (at === rest.length || rest[at] === ' ') break;
    if (rest[at] !== ',') refuse('after a field');
    at++;
  }
  if ([...types.keys()].every((key) => key === 'time')) refuse('field called time');
  return rest.slice(0, at);
}

function match(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(text)?.[0];
}

function typeOf(value: string): string {
  if (value.startsWith('"')) return 'string';
  if (BOOLEAN.test(value)) return 'boolean';
  const integer = INTEGER.exec(value)?.[0];
  if (integer !== undefined)
    return BigInt.asIntN(64, BigInt(integer)) === BigInt(integer) ? 'integer' : refuse('range');
  return FLOAT.test(value) && Number.isFinite(Number(value)) ? 'float' : refuse('value');
}
