import Opossum from 'opossum';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.js';
import { opossumAction } from './action.js';
import { fromOpossum } from './from-opossum.js';
import { caught, guestOf } from './from-opossum.suite.js';
import type { OpossumBreaker } from './opossum-breaker.js';

describe('a breaker that cannot be a policy', () => {
  const refusal = (breaker: OpossumBreaker): unknown => {
    try {
      return fromOpossum(breaker);
    } catch (error) {
      return error;
    }
  };

  it('has an action of its own', () => {
    const error = refusal(new Opossum(async () => 1, { name: 'web' }) as never);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringMatching(/^web: .*new Opossum\(opossumAction, options\)$/) });
  });

  it.each(['cache', 'coalesce'])('has the option %s', (option) => {
    const error = refusal(new Opossum(opossumAction, { name: 'web', [option]: true }));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: expect.stringContaining(`web: the breaker's option ${option} is true`) });
  });

  it.each([undefined, null, 5, {}, () => 1])('is no breaker of opossum: %s', (value) => {
    expect(refusal(value as never)).toBeInstanceOf(ConfigError);
  });

  it('says what to do when it is fired by hand', async () => {
    const { breaker } = guestOf();
    expect(await caught(breaker.fire({ run: async () => 1 }))).toBeInstanceOf(ConfigError);
  });
});
