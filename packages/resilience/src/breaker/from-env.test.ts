import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { circuitBreaker } from './circuit-breaker.js';
import { circuitBreakerFromEnv } from './from-env.js';

describe('circuitBreakerFromEnv', () => {
  it('has the defaults that circuitBreaker has', () => {
    const options = circuitBreakerFromEnv({});
    expect(options).toEqual({ failureThreshold: 5, recoveryTimeoutMs: 60_000, successThreshold: 3 });
    expect(circuitBreaker(options).settings).toEqual(circuitBreaker().settings);
  });

  it('reads the variables, the timeout in seconds', () => {
    const env = { CIRCUIT_FAILURE_THRESHOLD: '3', CIRCUIT_RECOVERY_TIMEOUT: '2.5', CIRCUIT_SUCCESS_THRESHOLD: '1' };
    expect(circuitBreakerFromEnv(env)).toEqual({
      failureThreshold: 3,
      recoveryTimeoutMs: 2_500,
      successThreshold: 1,
    });
  });

  it.each([
    ['CIRCUIT_FAILURE_THRESHOLD', '0', 'a whole number from 1 to 1000000'],
    ['CIRCUIT_FAILURE_THRESHOLD', '2.5', 'a whole number from 1 to 1000000'],
    ['CIRCUIT_RECOVERY_TIMEOUT', '60s', 'a decimal number from 0.001 to 86400'],
    ['CIRCUIT_RECOVERY_TIMEOUT', '0', 'a decimal number from 0.001 to 86400'],
    ['CIRCUIT_RECOVERY_TIMEOUT', '86401', 'a decimal number from 0.001 to 86400'],
    ['CIRCUIT_SUCCESS_THRESHOLD', '1000001', 'a whole number from 1 to 1000000'],
  ])('refuses %s=%s', (name, text, range) => {
    expect(() => circuitBreakerFromEnv({ [name]: text })).toThrow(
      new ConfigError(`${name} is "${text}"; it must be ${range}`),
    );
  });

  it('allows what circuitBreaker allows', () => {
    const env = {
      CIRCUIT_FAILURE_THRESHOLD: '1000000',
      CIRCUIT_RECOVERY_TIMEOUT: '86400',
      CIRCUIT_SUCCESS_THRESHOLD: '1000000',
    };
    expect(circuitBreaker(circuitBreakerFromEnv(env)).settings.recoveryTimeoutMs).toBe(86_400_000);
    expect(circuitBreaker(circuitBreakerFromEnv({ CIRCUIT_RECOVERY_TIMEOUT: '0.001' })).settings).toMatchObject({
      recoveryTimeoutMs: 1,
    });
  });

  it('reads the process environment unless told otherwise', () => {
    expect(circuitBreakerFromEnv()).toEqual(circuitBreakerFromEnv(process.env));
  });
});
