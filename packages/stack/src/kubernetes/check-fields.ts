import type { Finding } from '../finding.js';
import { closest } from '../source/closest.js';
import type { Path, YamlDocument } from '../source/yaml-source.js';
import { ALLOWED_VALUES } from './allowed-values.js';
import { type FieldGroup, type FieldType, fieldTable } from './field-table.js';
import { wrongPort, wrongQuantity } from './scalars.js';

/** What an API server would refuse, told without one. */
type Mistake = Omit<Finding, 'check'>;

/** Where a value stands in the tables: the type that its field belongs to, and the field. */
interface Place {
  readonly path: Path;
  readonly owner: string;
  readonly field: string;
}

/** Checks one object of a document, as strictly as a server that refuses what it does not know. */
export function checkFields(document: YamlDocument, path: Path): Mistake[] {
  return new FieldChecker(document).object(path);
}

class FieldChecker {
  readonly #document: YamlDocument;
  /** What messages begin with: `Deployment web: `. */
  #title = '';
  readonly #mistakes: Mistake[] = [];

  constructor(document: YamlDocument) {
    this.#document = document;
  }

  object(path: Path): Mistake[] {
    const value = this.#document.at(path);
    if (!isRecord(value)) {
      this.#report(path, `${show(value)} is no object of Kubernetes`, 'write apiVersion, kind and metadata');
      return this.#mistakes;
    }
    const { kind, metadata } = value;
    if (isRecord(metadata) && kind !== undefined)
      this.#title = `${[kind, metadata['name']].filter((word) => word !== undefined).join(' ')}: `;
    const type = this.#kindOf(value, path);
    if (type === undefined) return this.#mistakes;
    const group = fieldTable().types[type]!;
    this.#group(value, group, { path, owner: type, field: '' });
    this.#required(value, type, group, path);
    return this.#mistakes;
  }

  /** The type of an object; undefined, and told, where it cannot be known. */
  #kindOf({ apiVersion, kind }: Record<string, unknown>, path: Path): string | undefined {
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
      this.#report(path, 'apiVersion or kind is missing', 'write both');
      return undefined;
    }
    const { kinds } = fieldTable();
    const type = kinds[`${apiVersion}/${kind}`];
    if (type !== undefined) return type;
    const groups = Object.keys(kinds).map(groupOf);
    if (!groups.includes(groupOf(`${apiVersion}/${kind}`))) {
      const message = `the fields of ${apiVersion} ${kind} are not known here`;
      this.#report([...path, 'kind'], message, 'check it against a server that has its CRD', 'warning');
      return undefined;
    }
    const versions = Object.keys(kinds).filter((known) => known.endsWith(`/${kind}`));
    const names = Object.keys(kinds).map((known) => known.slice(known.lastIndexOf('/') + 1));
    const fix =
      versions.length > 0
        ? `write apiVersion: ${versions.map((known) => known.slice(0, known.lastIndexOf('/'))).join(' or ')}`
        : suggest(kind, names, `known are ${[...new Set(names)].join(', ')}`);
    this.#report([...path, 'kind'], `${apiVersion} ${kind} is no kind that is known`, fix);
    return undefined;
  }

  /** What the types leave open, since a server fills it in when it answers. */
  #required(value: Record<string, unknown>, type: string, group: FieldGroup, path: Path): void {
    const { metadata } = value;
    const named = isRecord(metadata) && (metadata['name'] ?? metadata['generateName']) !== undefined;
    if (!named) this.#report([...path, 'metadata'], 'metadata.name is missing', 'give it a name');
    const spec = group.fields['spec'];
    if (spec === undefined || value['spec'] != null || group.required.includes('spec')) return;
    const below = typeof spec === 'object' && 'type' in spec ? fieldTable().types[spec.type] : undefined;
    if ((below?.required.length ?? 0) > 0) this.#report(path, `spec of ${type} is missing`, 'write it');
  }

  #group(value: unknown, group: FieldGroup, { path, owner }: Place): void {
    if (!isRecord(value)) {
      this.#report(
        path,
        `${nameOf(path)}: ${show(value)} is no object`,
        `known here: ${Object.keys(group.fields).join(', ')}`,
      );
      return;
    }
    for (const [field, below] of Object.entries(value)) {
      const type = group.fields[field];
      if (type === undefined) this.#unknown([...path, field], Object.keys(group.fields));
      else if (below !== null) this.#value(below, type, { path: [...path, field], owner, field });
    }
    for (const field of group.required) {
      if (value[field] == null) this.#report(path, `${nameOf([...path, field])} is missing`, 'write it');
    }
  }

  #unknown(path: Path, known: readonly string[]): void {
    const fix = suggest(String(path.at(-1)), known, `known here: ${known.join(', ')}`);
    this.#report(path, `${nameOf(path)} is no field that Kubernetes knows`, fix);
  }

  #value(value: unknown, type: FieldType, place: Place): void {
    if (typeof type === 'string') this.#scalar(value, type, place);
    else if ('list' in type) this.#list(value, type.list, place);
    else if ('map' in type) this.#map(value, type.map, place);
    else if ('enum' in type) this.#oneOf(value, type.enum, place);
    else if ('type' in type) this.#group(value, fieldTable().types[type.type]!, { ...place, owner: type.type });
    else this.#group(value, type, { ...place, owner: `${place.owner}.${place.field}` });
  }

  #list(value: unknown, type: FieldType, place: Place): void {
    if (!Array.isArray(value)) {
      this.#report(place.path, `${nameOf(place.path)}: ${show(value)} is no list`, 'begin each item with "-"');
      return;
    }
    for (const [index, item] of value.entries()) this.#value(item, type, { ...place, path: [...place.path, index] });
  }

  #map(value: unknown, type: FieldType, place: Place): void {
    if (!isRecord(value)) {
      this.#report(place.path, `${nameOf(place.path)}: ${show(value)} is no map`, 'write names and values');
      return;
    }
    for (const [key, item] of Object.entries(value)) this.#value(item, type, { ...place, path: [...place.path, key] });
  }

  #oneOf(value: unknown, allowed: readonly string[], { path }: Place): void {
    if (allowed.includes(String(value))) return;
    this.#report(
      path,
      `${nameOf(path)}: ${show(value)} is not allowed`,
      suggest(String(value), allowed, `write ${allowed.join(' or ')}`),
    );
  }

  #scalar(value: unknown, type: Extract<FieldType, string>, place: Place): void {
    const { path, owner, field } = place;
    const wrong = (what: string, fix: string) => this.#report(path, `${nameOf(path)}: ${show(value)} ${what}`, fix);
    const allowed = ALLOWED_VALUES[`${owner}.${field}`];
    if (type === 'any') return;
    if (type === 'quantity') {
      const problem = wrongQuantity(value);
      if (problem !== undefined) wrong(problem.what, problem.fix);
    } else if (type === 'string') {
      if (typeof value !== 'string') wrong('is no text', `write ${JSON.stringify(String(value))}, in quotes`);
      else if (allowed !== undefined) this.#oneOf(value, allowed, place);
    } else if (type === 'boolean') {
      if (typeof value !== 'boolean') wrong('is neither true nor false', 'write true or false, without quotes');
    } else {
      const problem = wrongPort(value, field) ?? wrongNumber(value, type, field);
      if (problem !== undefined) wrong(problem.what, problem.fix);
    }
  }

  #report(path: Path, message: string, fix: string, severity: Mistake['severity'] = 'error'): void {
    this.#mistakes.push({
      severity,
      file: this.#document.file,
      line: this.#document.lineOf(path),
      message: this.#title + message,
      fix,
    });
  }
}

/** Fields that take `30%` where the type says number or text. */
const SHARES = new Set(['maxUnavailable', 'maxSurge', 'minAvailable']);

function wrongNumber(value: unknown, type: 'integer' | 'int-or-string', field: string) {
  if (Number.isInteger(value)) return undefined;
  if (type === 'integer') {
    const digits = /^\d+$/.test(String(value));
    return { what: 'is no whole number', fix: digits ? `write ${String(value)}, without quotes` : 'write one' };
  }
  if (typeof value !== 'string') return { what: 'is neither a whole number nor text', fix: 'write one of them' };
  if (SHARES.has(field) && !/^\d+%$/.test(value)) {
    return { what: 'is neither a number of pods nor a share of them', fix: 'write 1 or "30%"' };
  }
  return undefined;
}

/** The group of `apps/v1/Deployment`; the first kinds of Kubernetes have none. */
const groupOf = (kind: string): string => (kind.split('/').length < 3 ? '' : kind.split('/')[0]!);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

const nameOf = (path: Path): string =>
  path.reduce<string>(
    (shown, key) => (typeof key === 'number' ? `${shown}[${key}]` : `${shown}${shown === '' ? '' : '.'}${key}`),
    '',
  );

function suggest(word: string, known: readonly string[], otherwise: string): string {
  const near = closest(word, known);
  return near === undefined ? otherwise : `did you mean "${near}"?`;
}
