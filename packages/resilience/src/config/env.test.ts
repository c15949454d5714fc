import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { readNumber } from './env.js';

const range = { default: 5, min: 1, max: 100 };
const whole = { ...range, integer: true };

describe('readNumber', () => {
  it.each([
    ['unset', {}],
    ['empty', { N: '' }],
  ])('takes the default when the variable is %s', (_, env) => {
    expect(readNumber(env, 'N', range)).toBe(5);
  });

  it.each([
    ['1', 1],
    ['100', 100],
    ['10.0', 10],
    ['2.75', 2.75],
    ['+7', 7],
    ['007', 7],
  ])('reads %j', (text, value) => {
    expect(readNumber({ N: text }, 'N', range)).toBe(value);
  });

  it('reads a negative number where the range has them', () => {
    expect(readNumber({ N: '-1.5' }, 'N', { default: 0, min: -2, max: 0 })).toBe(-1.5);
  });

  it.each(['abc', '5s', '1e2', '0x10', '1_000', ' 5', '5\r', ' ', '1,5', '.5', '5.', 'NaN', 'Infinity', '--5'])(
    'refuses %j, which is no plain decimal number',
    (text) => {
      expect(() => readNumber({ N: text }, 'N', { default: 5, min: -1000, max: Number.POSITIVE_INFINITY })).toThrow(
        ConfigError,
      );
    },
  );

  it.each(['0', '0.999', '100.001', '-5', '999999999999999999999'])('refuses %s, which is out of range', (text) => {
    expect(() => readNumber({ N: text }, 'N', range)).toThrow(ConfigError);
  });

  it('names the variable, the value and the range', () => {
    expect(() => readNumber({ CIRCUIT_RECOVERY_TIMEOUT: 'soon' }, 'CIRCUIT_RECOVERY_TIMEOUT', range)).toThrow(
      'CIRCUIT_RECOVERY_TIMEOUT is "soon"; it must be a decimal number from 1 to 100',
    );
    expect(() => readNumber({ N: '0' }, 'N', { ...whole, max: Number.POSITIVE_INFINITY })).toThrow(
      'N is "0"; it must be a whole number of at least 1',
    );
  });

  it('refuses a fraction where a whole number is asked for, and takes 3.0 for 3', () => {
    expect(() => readNumber({ N: '2.5' }, 'N', whole)).toThrow('N is "2.5"; it must be a whole number from 1 to 100');
    expect(readNumber({ N: '3.0' }, 'N', whole)).toBe(3);
  });

  it('refuses a whole number that a double cannot hold exactly', () => {
    const any = { default: 1, min: 0, max: Number.POSITIVE_INFINITY };
    expect(() => readNumber({ N: '9007199254740993' }, 'N', { ...any, integer: true })).toThrow(ConfigError);
    expect(readNumber({ N: '9007199254740993' }, 'N', any)).toBe(2 ** 53);
  });

  it('refuses digits beyond what a double can hold at all', () => {
    const any = { default: 1, min: 0, max: Number.POSITIVE_INFINITY };
    expect(() => readNumber({ N: '9'.repeat(400) }, 'N', any)).toThrow(ConfigError);
  });

  it('shows no more than the beginning of a long value', () => {
    const message = (text: string) => {
      try {
        return String(readNumber({ N: text }, 'N', range));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message('x'.repeat(1000))).toBe(`N is "${'x'.repeat(40)}…"; it must be a decimal number from 1 to 100`);
    expect(message('x'.repeat(40))).toBe(`N is "${'x'.repeat(40)}"; it must be a decimal number from 1 to 100`);
  });
});
