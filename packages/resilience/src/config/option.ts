import { ConfigError } from '../core/errors.js';

export interface OptionRange {
  readonly min: number;
  /** Default: none. */
  readonly max?: number;
  /** Whether fractions are refused. Default false. */
  readonly integer?: boolean;
  /** Whether Infinity is allowed. Default false. */
  readonly infinite?: boolean;
}

/**
 * Returns `value` if it is a number within the range.
 * @throws ConfigError naming the policy, the option, the value and the range.
 */
export function numberOption(policy: string, option: string, value: number, range: OptionRange): number {
  const { min, max = Number.POSITIVE_INFINITY, integer = false, infinite = false } = range;
  const endless = infinite && value === Number.POSITIVE_INFINITY;
  const whole = integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (endless || (whole && value >= min && value <= max)) return value;
  const kind = integer ? 'a whole number' : 'a number';
  const extent = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new ConfigError(
    `${policy}: ${option} is ${String(value)}; it must be ${kind} ${extent}${infinite ? ', or Infinity' : ''}`,
  );
}
