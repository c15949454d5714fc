import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { numberOption } from './option.js';

describe('numberOption', () => {
  it('returns what lies in the range, its ends included', () => {
    expect(numberOption('p', 'o', 1, { min: 1, max: 3 })).toBe(1);
    expect(numberOption('p', 'o', 3, { min: 1, max: 3 })).toBe(3);
    expect(numberOption('p', 'o', 2.5, { min: 1, max: 3 })).toBe(2.5);
    expect(numberOption('p', 'o', 1e300, { min: 1 })).toBe(1e300);
  });

  it.each([0.999, 3.001, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '2' as never, null as never])(
    'refuses %s',
    (value) => {
      expect(() => numberOption('p', 'o', value, { min: 1, max: 3 })).toThrow(ConfigError);
    },
  );

  it('refuses fractions, and numbers too large to be exact, where a whole number is asked for', () => {
    expect(() => numberOption('p', 'o', 1.5, { min: 1, integer: true })).toThrow(ConfigError);
    expect(() => numberOption('p', 'o', 2 ** 53, { min: 1, integer: true })).toThrow(ConfigError);
    expect(numberOption('p', 'o', 4, { min: 1, integer: true })).toBe(4);
  });

  it('takes Infinity only where it is allowed', () => {
    expect(numberOption('p', 'o', Number.POSITIVE_INFINITY, { min: 1, integer: true, infinite: true })).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(() => numberOption('p', 'o', Number.NEGATIVE_INFINITY, { min: 1, infinite: true })).toThrow(ConfigError);
  });

  it('names the policy, the option, the value and the range', () => {
    expect(() => numberOption('slots', 'permits', 0, { min: 1, integer: true })).toThrow(
      'slots: permits is 0; it must be a whole number of at least 1',
    );
    expect(() => numberOption('slots', 'share', 2, { min: 0, max: 1 })).toThrow(
      'slots: share is 2; it must be a number from 0 to 1',
    );
    expect(() => numberOption('slots', 'maxQueue', -1, { min: 0, integer: true, infinite: true })).toThrow(
      'slots: maxQueue is -1; it must be a whole number of at least 0, or Infinity',
    );
  });
});
