import type { z } from 'zod';
import type { Finding } from '../finding.js';
import { closest } from '../source/closest.js';
import { type YamlDocument, YamlSource } from '../source/yaml-source.js';
import { type Stack, stackSchema } from './schema.js';
import { StackFileError } from './stack-file-error.js';

export interface StackFile {
  readonly stack: Stack;
  /** Where each value of it stands. */
  readonly document: YamlDocument;
}

/**
 * Reads a stack file. Unknown keys are refused.
 * @throws StackFileError with every mistake and its line.
 */
export function parseStack(text: string, file: string): StackFile {
  const source = new YamlSource(file, text);
  if (source.problems.length > 0) throw new StackFileError(file, source.problems);
  const [document, second] = source.documents;
  if (document === undefined || second !== undefined) {
    const message = document === undefined ? 'is empty' : 'has more than one document';
    throw new StackFileError(file, [
      { check: 'stack-file', severity: 'error', file, message, fix: 'breakwater init writes one to start from' },
    ]);
  }
  const result = stackSchema.safeParse(document.value);
  if (!result.success) {
    throw new StackFileError(
      file,
      result.error.issues.flatMap((issue) => mistakes(issue, document)),
    );
  }
  return { stack: result.data, document };
}

const showPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (shown, key) => (typeof key === 'number' ? `${shown}[${key}]` : `${shown}${shown === '' ? '' : '.'}${String(key)}`),
    '',
  );

function mistakes(issue: z.core.$ZodIssue, document: YamlDocument): Finding[] {
  const path = issue.path as Array<string | number>;
  const found = (at: Array<string | number>, message: string, fix: string): Finding => ({
    check: 'stack-file',
    severity: 'error',
    file: document.file,
    line: document.lineOf(at),
    message: `${showPath(at) || 'the file'}: ${message}`,
    fix,
  });
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => {
      const near = closest(key, known);
      const fix = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`;
      return found([...path, key], 'is not known', fix);
    });
  }
  const value = document.at(path);
  const shown = value === undefined ? undefined : JSON.stringify(value)?.slice(0, 60);
  // What is not written has a default, which can be wrong beside what is.
  const lacking = issue.code === 'custom' ? 'its default cannot be used' : 'is missing';
  return [found(path, shown === undefined ? lacking : `${shown} cannot be used`, inWords(issue))];
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'keys and their values',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** What to write, where the schema has no words of its own for it. */
function inWords(issue: z.core.$ZodIssue): string {
  if (!/^(?:Invalid input|Too (?:big|small)): expected /.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return `write ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_big') return `write ${issue.maximum} or less`;
  if (issue.code === 'too_small') return `write ${issue.minimum} or more`;
  return issue.message;
}

/** The keys of the object schema at a path. */
function knownKeys(path: ReadonlyArray<string | number>): string[] {
  let at: unknown = stackSchema;
  for (const key of path) at = below(at, key);
  const shape = shapeOf(at);
  return shape === undefined ? [] : Object.keys(shape);
}

interface Definition {
  readonly innerType?: unknown;
  readonly element?: unknown;
  readonly valueType?: unknown;
}

const definitionOf = (schema: unknown): Definition =>
  (schema as { _zod?: { def?: Definition } } | undefined)?._zod?.def ?? {};

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const inner = definitionOf(schema).innerType;
  if (inner !== undefined) return shapeOf(inner);
  return (schema as { shape?: Record<string, unknown> } | undefined)?.shape;
}

function below(schema: unknown, key: string | number): unknown {
  const { innerType, element, valueType } = definitionOf(schema);
  if (innerType !== undefined) return below(innerType, key);
  return typeof key === 'number' ? element : (shapeOf(schema)?.[key] ?? valueType);
}
