import { parseArgs } from 'node:util';
import { ConfigError } from '@breakwater/resilience';
import { duration } from './targets/fields.js';

export interface Arguments {
  /** How long to run, in milliseconds; undefined: until told to stop. */
  readonly forMs: number | undefined;
  /** Lines instead of a live table, even in a terminal. */
  readonly plain: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

const LONGEST_RUN_MS = 30 * 86_400_000;
const forOption = duration(1_000, LONGEST_RUN_MS);

/**
 * Reads the command line.
 * @throws ConfigError for what it does not know, and for a duration that is none.
 */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parse(args);
  return {
    forMs: values.for === undefined ? undefined : readDuration(values.for),
    plain: values.plain === true,
    help: values.help === true,
    version: values.version === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        for: { type: 'string' },
        plain: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    // Node's own words name the argument; its advice about `--` is for programs that take files.
    const [what] = (error as Error).message.split('. ');
    throw new ConfigError(`${what}; --help names the options`);
  }
}

function readDuration(text: string): number {
  const parsed = forOption.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`--for ${JSON.stringify(text)} ${parsed.error.issues[0]!.message}`);
}
