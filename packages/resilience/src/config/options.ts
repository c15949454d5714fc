import { ConfigError } from '../core/errors.js';

export interface OptionRange {
  readonly min: number;
  /** Default Infinity. */
  readonly max?: number;
  /** Whether it must be a whole number. Default false. */
  readonly integer?: boolean;
}

/**
 * An option that is a finite number in a range.
 * @throws ConfigError naming the policy, the option, its value and the range.
 */
export function checkNumber(policy: string, option: string, value: number, range: OptionRange): number {
  const { min, max = Number.POSITIVE_INFINITY, integer = false } = range;
  const fits = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && value >= min && value <= max) return value;
  const kind = integer ? 'a whole number' : 'a finite number';
  const bounds = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new ConfigError(`${policy}: ${option} is ${value}; it must be ${kind} ${bounds}`);
}
