import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { checkNumber } from './options.js';

describe('checkNumber', () => {
  it.each([1, 1.5, 10])('gives back %d, which is in range', (value) => {
    expect(checkNumber('pool', 'size', value, { min: 1, max: 10 })).toBe(value);
  });

  it.each([0.999, 10.001, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '5' as unknown as number])(
    'refuses %s',
    (value) => {
      expect(() => checkNumber('pool', 'size', value, { min: 1, max: 10 })).toThrow(ConfigError);
    },
  );

  it('refuses Infinity where there is no upper bound either', () => {
    expect(() => checkNumber('pool', 'size', Number.POSITIVE_INFINITY, { min: 1 })).toThrow(
      'pool: size is Infinity; it must be a finite number of at least 1',
    );
  });

  it('refuses a fraction where a whole number is asked for', () => {
    expect(() => checkNumber('pool', 'size', 2.5, { min: 1, max: 10, integer: true })).toThrow(
      'pool: size is 2.5; it must be a whole number from 1 to 10',
    );
  });
});
