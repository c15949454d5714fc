import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseStack, planStack, type RenderedFile, renderPatched, YamlSource } from '@breakwater/stack';
import { expressionsOf } from './expressions.suite.js';

const ROOT = join(import.meta.dirname, '../../..');
/** The stack file at the root. */
export const STACK_FILE = join(ROOT, 'breakwater.stack.yaml');

/** What one expression brings on the running stack; counts are numbers or words. */
export interface Truth {
  readonly title: string;
  readonly expr: string;
  /** Where comparisons filter: series when they do not. */
  readonly watches?: number | string;
  readonly series: number | string;
  readonly why?: string;
}

const FILE = 'truth.yaml';

export function truths(): Truth[] {
  const [document] = new YamlSource(FILE, readFileSync(join(import.meta.dirname, FILE), 'utf8')).documents;
  return document!.value as Truth[];
}

/** What is rendered from the stack file at the root. */
export function rendered(): RenderedFile[] {
  const { stack, document } = parseStack(readFileSync(STACK_FILE, 'utf8'), basename(STACK_FILE));
  const targets = readFileSync(join(ROOT, stack.collectors.targets), 'utf8');
  return renderPatched(planStack(stack, { targets }), document);
}

export const keyOf = ({ title, expr }: Pick<Truth, 'title' | 'expr'>): string => `${title}: ${expr}`;

/** A count of the table as a range. */
export function rangeOf(text: string | number, words: Readonly<Record<string, number>>): [least: number, most: number] {
  if (text === 'any') return [0, Number.POSITIVE_INFINITY];
  if (text === 'some') return [1, Number.POSITIVE_INFINITY];
  const value = String(text)
    .split(' + ')
    .map((product) => product.split(' x ').reduce((all, factor) => all * (words[factor] ?? Number(factor)), 1))
    .reduce((sum, each) => sum + each, 0);
  if (!Number.isInteger(value))
    throw new Error(`${FILE}: "${text}" is no count; words are ${Object.keys(words).join(', ')}, some, any`);
  return [value, value];
}

/** Every expression, by its key. */
export const expressions = () =>
  new Map(
    rendered()
      .flatMap(expressionsOf)
      .map((each) => [keyOf(each), each]),
  );
