import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { keyedSemaphoreFromEnv, semaphoreFromEnv } from './from-env.js';

describe.each([
  ['semaphoreFromEnv', semaphoreFromEnv, 'MAX_CONCURRENT_TARGETS'],
  ['keyedSemaphoreFromEnv', keyedSemaphoreFromEnv, 'MAX_CONCURRENT_OPERATIONS'],
])('%s', (_, read, variable) => {
  it('reads its variable, 50 if it is not set', () => {
    expect(read({})).toEqual({ permits: 50 });
    expect(read({ [variable]: '20' })).toEqual({ permits: 20 });
  });

  it('reads the process environment unless given another', () => {
    process.env[variable] = '7';
    try {
      expect(read()).toEqual({ permits: 7 });
    } finally {
      delete process.env[variable];
    }
  });

  it.each(['0', '1.5', '100001', 'many'])('refuses %s, naming the variable and the range', (value) => {
    expect(() => read({ [variable]: value })).toThrow(ConfigError);
    expect(() => read({ [variable]: value })).toThrow(
      `${variable} is "${value}"; it must be a whole number from 1 to 100000`,
    );
  });
});
