import { parseArgs } from 'node:util';
import type { Io } from './io.js';
import { nearest } from './nearest.js';

/** Everything is fine. */
export const FINE = 0;
/** Damage, differences, or something that failed. */
export const FOUND = 1;
/** The command line cannot be understood. */
export const USAGE = 2;
export type ExitCode = typeof FINE | typeof FOUND | typeof USAGE;

export interface OptionSpec {
  /** What stands for its value in the help; without one it is a flag. */
  readonly value?: string;
  readonly help: string;
  readonly required?: true;
  /** It may be given more than once. */
  readonly multiple?: true;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type Values<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { value: string }
    ? Specs[Name] extends { multiple: true }
      ? readonly string[]
      : Specs[Name] extends { required: true }
        ? string
        : string | undefined
    : boolean;
};

export interface CommandSpec<Specs extends OptionSpecs> {
  /** What follows the options, in the order of the command line. */
  readonly operands?: readonly string[];
  readonly options: Specs;
  /** What is to be known beside the options. */
  readonly notes?: string;
  readonly run: (values: Values<Specs>, io: Io, operands: readonly string[]) => Promise<ExitCode>;
}

export interface Command {
  readonly operands: readonly string[];
  readonly options: OptionSpecs;
  readonly notes: string | undefined;
  run(args: readonly string[], io: Io): Promise<ExitCode>;
}

/** What is known of a command before it is loaded. */
export interface CommandEntry {
  /** One word or two: `spool ls`. */
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** What stands on the command line cannot be done: whoever typed it can mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function command<const Specs extends OptionSpecs>(spec: CommandSpec<Specs>): Command {
  const { options, operands = [], notes } = spec;
  return {
    operands,
    options,
    notes,
    run: async (args, io) => {
      const parsed = await parse(args, options, operands);
      return spec.run(parsed.values as Values<Specs>, io, parsed.operands);
    },
  };
}

interface Parsed {
  readonly values: Record<string, Chosen>;
  readonly operands: readonly string[];
}

async function parse(args: readonly string[], options: OptionSpecs, operands: readonly string[]): Promise<Parsed> {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  const {
    values: found,
    positionals,
    tokens,
  } = parseArgs({
    args: [...args],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'option') await checkOption(token, options);
  }
  const values = Object.fromEntries(
    Object.entries(options).map(([name, spec]) => [name, chosen(name, spec, found[name])]),
  );
  checkOperands(positionals, operands);
  return { values, operands: positionals };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  /** `--name=value` */
  readonly inlineValue?: boolean | undefined;
}

async function checkOption(token: OptionToken, options: OptionSpecs): Promise<void> {
  const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (spec === undefined) {
    const near = await nearest(token.name, Object.keys(options));
    throw new UsageError(`there is no option ${token.rawName}${near === undefined ? '' : `; did you mean --${near}?`}`);
  }
  const isForgotten =
    token.value === undefined || token.value === '' || (!token.inlineValue && /^--/.test(token.value));
  if (spec.value !== undefined && isForgotten) {
    throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`);
  }
  if (spec.value === undefined && token.value !== undefined) {
    throw new UsageError(`--${token.name} takes no value, and was given ${JSON.stringify(token.value)}`);
  }
}

type Chosen = string | boolean | readonly string[] | undefined;

function chosen(name: string, spec: OptionSpec, found: unknown): Chosen {
  const all = (found ?? []) as Array<string | boolean>;
  if (spec.value === undefined) return all.length > 0;
  if (spec.multiple) return all as string[];
  if (all.length > 1) throw new UsageError(`--${name} is given ${all.length} times, and can have one value`);
  if (all.length === 0 && spec.required) throw new UsageError(`--${name} is missing: --${name} ${spec.value}`);
  return all[0];
}

function checkOperands(given: readonly string[], names: readonly string[]): void {
  if (given.length < names.length) throw new UsageError(`${names[given.length]} is missing`);
  if (given.length > names.length) throw new UsageError(`${JSON.stringify(given[names.length])} is one word too many`);
}
