import { type Document, isMap, isNode, isScalar } from 'yaml';
import type { z } from 'zod';
import { describe, showPath } from './describe.js';
import { MAX_LABELS, showMs, variable } from './fields.js';
import { field } from './keys.js';
import { LimitTerms } from './limit-terms.js';
import { Mistakes } from './mistakes.js';
import { type Draft, draft, type LookUp } from './resolve.js';
import { headerSchema, MAX_TARGETS, type TargetDefaults, targetSchema } from './schema.js';
import { Secret } from './secret.js';
import { Slices } from './slices.js';
import type { Target } from './target.js';
import { readList } from './yaml.js';

/** The targets of a file by name, in the order of the file. */
export type TargetSet = ReadonlyMap<string, Target>;

export interface ParseOptions {
  /** How messages call the file. */
  file: string;
  /** Where secrets are looked up. */
  env: Readonly<Record<string, string | undefined>>;
  /** Default 100,000. */
  maxTargets?: number;
}

/** The collector's own secrets: whoever may write targets must not be able to send these anywhere. */
const OWN_SECRETS: readonly string[] = [
  'API_TOKEN',
  'INFLUX_TOKEN',
  'HANDOVER_TOKEN',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
];

/**
 * Reads a targets file. Long files are read in slices, so that the event loop stays free.
 * @throws TargetsFileError with every mistake: its line, column and path.
 */
export async function parseTargets(text: string, options: ParseOptions): Promise<TargetSet> {
  const mistakes = new Mistakes(text);
  const reading = new Reading(mistakes, options);
  const header = await readList(text, 'targets', (entry, index) => reading.entry(entry, index), mistakes);
  const targets = header === undefined ? undefined : await reading.finish(header);
  if (targets === undefined || mistakes.any) throw mistakes.toError(options.file);
  return targets;
}

/** An entry that is right by itself, and where to point if it goes wrong with the defaults. */
interface Found {
  readonly draft: Draft;
  readonly at: Record<'entry' | 'interval' | 'timeout' | 'labels' | 'limit', number>;
}

class Reading {
  readonly #mistakes: Mistakes;
  readonly #env: ParseOptions['env'];
  readonly #maxTargets: number;
  readonly #found = new Map<string, Found & { index: number }>();

  constructor(mistakes: Mistakes, { env, maxTargets = MAX_TARGETS }: ParseOptions) {
    this.#mistakes = mistakes;
    this.#env = env;
    this.#maxTargets = maxTargets;
  }

  entry(document: Document.Parsed, index: number): void {
    const above = ['targets', index];
    const max = this.#maxTargets;
    if (index === max) this.#mistakes.add(document.range[0], 'targets', `has more than ${max} entries`);
    if (index >= max) return;
    const lookUp = this.#lookUp(document, above);
    const entry = this.#check(targetSchema, document, above);
    if (entry === undefined) {
      // What else is wrong with it must not hide that a variable is missing.
      for (const { variable, path } of references(document.toJS(), [])) lookUp(variable, path, () => undefined);
      return;
    }
    const at = (...path: PropertyKey[]) => offsetOf(document, path);
    const first = this.#found.get(entry.name);
    if (first !== undefined) {
      this.#mistakes.add(at('name'), showPath([...above, 'name']), `is the name of targets[${first.index}] already`);
    }
    this.#found.set(entry.name, {
      index,
      draft: draft(entry, lookUp),
      at: {
        entry: at(),
        interval: at('interval'),
        timeout: at('timeout'),
        labels: at('labels'),
        limit: at('limit'),
      },
    });
  }

  /** Puts the defaults in. */
  async finish(document: Document.Parsed): Promise<TargetSet | undefined> {
    const header = this.#check(headerSchema, document, []);
    if (header === undefined) return undefined;
    const targets = new Map<string, Target>();
    const slices = new Slices();
    const limits = new LimitTerms(this.#mistakes, offsetOf(document, ['defaults', 'limit']));
    for (const [name, found] of this.#found) {
      if (targets.size % 256 === 0 && slices.due) await slices.rest();
      const target = found.draft(header.defaults ?? {});
      this.#checkTogether(target, found, header.defaults ?? {});
      limits.check(target, found);
      targets.set(name, target);
    }
    return targets;
  }

  #check<S extends z.ZodType>(
    schema: S,
    document: Document.Parsed,
    above: readonly PropertyKey[],
  ): z.output<S> | undefined {
    for (const error of [...document.errors, ...document.warnings]) {
      this.#mistakes.add(error.pos[0], showPath(above), `this is no YAML: ${error.message}`);
    }
    if (document.errors.length + document.warnings.length > 0) return undefined;
    const value: unknown = document.toJS();
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const { path, atKey, message } of describe(schema, value, result.error.issues)) {
      this.#mistakes.add(offsetOf(document, path, atKey), showPath([...above, ...path]), message);
    }
    return undefined;
  }

  #lookUp(document: Document.Parsed, above: readonly PropertyKey[]): LookUp {
    return (variable, path, rule) => {
      const mistake = (message: string): Secret => {
        this.#mistakes.add(offsetOf(document, path), showPath([...above, ...path]), message);
        return new Secret('');
      };
      // Somebody may have written the secret itself where its variable belongs.
      const shown = /^[A-Z][A-Z0-9_]*$/.test(variable) ? `the variable ${variable}` : 'the variable that it names';
      if (OWN_SECRETS.includes(variable)) return mistake(`${shown} is the collector's own secret; use another`);
      const value = this.#env[variable];
      if (value === undefined || value === '') return mistake(`${shown} is not set in the environment`);
      const broken = rule(value);
      return broken === undefined ? new Secret(value) : mistake(`${shown} ${broken}`);
    };
  }

  /** What only the target and the defaults together can get wrong. */
  #checkTogether(
    { intervalMs, timeoutMs, labels }: Target,
    { at, index }: Found & { index: number },
    defaults: TargetDefaults,
  ): void {
    const whose = (ownOffset: number): string => (ownOffset === at.entry ? ' (a default)' : '');
    if (timeoutMs > intervalMs) {
      const offset = at.timeout === at.entry ? at.interval : at.timeout;
      const key = at.timeout === at.entry ? 'interval' : 'timeout';
      const message = `the timeout ${showMs(timeoutMs)}${whose(at.timeout)} is longer than the interval ${showMs(intervalMs)}${whose(at.interval)}`;
      this.#mistakes.add(offset, showPath(['targets', index, key]), message);
    }
    if (Object.keys(labels).length > MAX_LABELS) {
      const message = `has more than ${MAX_LABELS} labels, ${Object.keys(defaults.labels ?? {}).length} defaults included`;
      this.#mistakes.add(at.labels, showPath(['targets', index, 'labels']), message);
    }
  }
}

/** Names of variables anywhere in an entry that could not be used. */
function references(value: unknown, path: readonly PropertyKey[]): Array<{ variable: string; path: PropertyKey[] }> {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const at = [...path, key];
    const isReference = /From$/.test(key) && variable.safeParse(inner).success;
    return isReference ? [{ variable: inner as string, path: at }] : references(inner, at);
  });
}

/** Where a path begins, or else what comes nearest above it. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], atKey = false): number {
  let offset = document.contents?.range?.[0] ?? document.range[0];
  let node: unknown = document.contents;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) return offset;
      const place = (atKey && isLast) || !isNode(pair.value) ? pair.key : pair.value;
      offset = isNode(place) ? (place.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else {
      node = isNode(node) && 'items' in node ? field((node as { items: unknown }).items, step) : undefined;
      if (!isNode(node)) return offset;
      offset = node.range?.[0] ?? offset;
    }
  }
  return offset;
}
