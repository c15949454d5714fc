import { ConfigError } from '../core/errors.js';

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface NumberRange {
  /** What an unset or empty variable means. */
  readonly default: number;
  /** The smallest value that is allowed. */
  readonly min: number;
  /** The largest value that is allowed; Infinity: none. */
  readonly max: number;
  /** Whether fractions are refused. Default false. */
  readonly integer?: boolean;
}

// No exponent, no hexadecimal, no blanks: whoever writes those into a unit file meant something else.
const DECIMAL = /^[+-]?\d+(?:\.\d+)?$/;
const LONGEST_SHOWN = 40;

/**
 * A number from the environment, in whatever unit the variable is in.
 * @throws ConfigError naming the variable, its value and the range, when the value is no plain decimal number, lies
 * outside the range, or has a fraction where a whole number is asked for.
 */
export function readNumber(env: Environment, name: string, range: NumberRange): number {
  const text = env[name];
  if (text === undefined || text === '') return range.default;
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  const exact = range.integer === true ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (exact && value >= range.min && value <= range.max) return value;
  throw new ConfigError(`${name} is ${quote(text)}; it must be ${describe(range)}`);
}

function describe({ min, max, integer }: NumberRange): string {
  const kind = integer === true ? 'a whole number' : 'a decimal number';
  return max === Number.POSITIVE_INFINITY ? `${kind} of at least ${min}` : `${kind} from ${min} to ${max}`;
}

/** Quoted, so that a stray blank or carriage return shows. */
function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}
