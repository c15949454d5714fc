import type { z } from 'zod';
import { field, knownKeys } from './keys.js';
import { suggest } from './suggest.js';

/** What is wrong at one place of a value. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  /** The key itself is wrong, not what it holds. */
  readonly atKey: boolean;
  readonly message: string;
}

const MAX_SHOWN = 40;
/** Where a secret may stand by mistake: what is there is never repeated. */
const PRIVATE = /^(?:headers|url|community|communityFrom|key|keyFrom|password|token|auth|priv|valueFrom)$/;

/** Says in plain words what zod found. */
export function describe(schema: z.core.$ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]): Finding[] {
  return issues.flatMap((issue) => findings(schema, value, issue, []));
}

type Issue = z.core.$ZodIssue;

function findings(schema: z.core.$ZodType, root: unknown, issue: Issue, above: readonly PropertyKey[]): Finding[] {
  const path = [...above, ...issue.path];
  const value = path.reduce<unknown>(field, root);
  const one = (message: string, atKey = false): Finding[] => [{ path, atKey, message }];
  if (issue.code !== 'custom' && value !== undefined && hasOwnWords(issue))
    return one(`${show(value, path)}${issue.message}`);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, root, path);
      return issue.keys.map((key) => ({ path: [...path, key], atKey: true, message: unknownKey(key, known) }));
    }
    case 'invalid_union':
      if (issue.discriminator !== undefined)
        return one(noChoice(value, 'options' in issue ? (issue.options ?? []) : []));
      return (
        best(issue.errors, value)?.flatMap((inner) => findings(schema, root, inner, path)) ??
        one(wrongKind(value, expectedKinds(issue.errors), path))
      );
    case 'invalid_key':
      return one(issue.issues[0]?.message ?? 'is no name that can be used here', true);
    case 'invalid_type':
      return one(wrongKind(value, [issue.expected], path));
    case 'invalid_value':
      return one(noChoice(value, issue.values));
    case 'too_big':
      return one(outOfRange(value, issue.origin, `at most ${issue.maximum}`, path));
    case 'too_small':
      return one(outOfRange(value, issue.origin, `at least ${issue.minimum}`, path));
    default:
      return one(`${show(value, path)}${issue.message}`);
  }
}

/** Whether the schema said itself what is wrong: zod's own words are for programmers. */
const hasOwnWords = (issue: Issue): boolean => /^(?:is|has|holds|names) /.test(issue.message);

/** The alternative that came nearest: one for a value of this kind. */
function best(alternatives: readonly Issue[][], value: unknown): Issue[] | undefined {
  return alternatives.find((issues) => !issues.every((issue) => isElsewhere(issue, value)));
}

function isElsewhere(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_value') return typeof value !== 'string';
  return issue.code === 'invalid_type' || (issue.code === 'invalid_union' && best(issue.errors, value) === undefined);
}

/** What the alternatives would have taken. */
function expectedKinds(alternatives: readonly Issue[][]): string[] {
  const kinds = alternatives.flat().flatMap((issue) => {
    if (issue.code === 'invalid_union') return expectedKinds(issue.errors);
    return issue.code === 'invalid_type' ? [issue.expected] : [];
  });
  return [...new Set(kinds)];
}

function unknownKey(key: string, known: readonly string[]): string {
  const shown = quote(key);
  if (key === '<<') return 'merge keys are not supported; what targets share belongs under defaults';
  const meant = suggest(key, known);
  if (meant !== undefined) return `${shown} is not known here; did you mean ${quote(meant)}?`;
  return `${shown} is not known here; known are ${known.join(', ')}`;
}

function noChoice(value: unknown, choices: readonly unknown[]): string {
  const names = [...new Set(choices.map(String))];
  const all = names.length === 1 ? names[0]! : `one of ${names.join(', ')}`;
  if (value === undefined) return `is missing; it is ${all}`;
  if (typeof value === 'number') return `${value} is not ${all}`;
  if (typeof value !== 'string') return `is ${kindOf(value)}; it must be ${all}`;
  const meant = names.length > 1 ? suggest(value, names) : undefined;
  return `${quote(value)} is not ${all}${meant === undefined ? '' : `; did you mean ${quote(meant)}?`}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

function wrongKind(value: unknown, expected: readonly string[], path: readonly PropertyKey[]): string {
  if (value === undefined) return 'is missing';
  const wanted = expected.map((kind) => KINDS[kind] ?? kind).join(' or ');
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  const hint = expected.join() === 'string' && isScalar && !isPrivate(path) ? `; put it into quotes: "${value}"` : '';
  return `is ${kindOf(value)}; it must be ${wanted}${hint}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return typeof value === 'string' ? 'text' : 'true or false';
}

function outOfRange(value: unknown, origin: string, limit: string, path: readonly PropertyKey[]): string {
  if (origin === 'string') return `has ${String(value).length} characters; ${limit} are allowed`;
  if (origin === 'array') return `has ${(value as unknown[]).length} entries; ${limit} are allowed`;
  return `${show(value, path)}is out of range; ${limit} is allowed`;
}

/** The value, where it is short and cannot be a secret. */
function show(value: unknown, path: readonly PropertyKey[]): string {
  if (isPrivate(path)) return '';
  if (typeof value === 'string') return `${quote(value)} `;
  return typeof value === 'number' ? `${value} ` : '';
}

// The key of a limit is a name, that of SNMP a secret.
const isPrivate = (path: readonly PropertyKey[]): boolean =>
  path.some((step, depth) => PRIVATE.test(String(step)) && path[depth - 1] !== 'limit');

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

/** `targets[3].labels.tier`; a key that is no plain word is quoted, so that a message stays one line. */
export function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[\w-]{1,64}$/.test(String(step)) ? String(step) : quote(String(step));
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
