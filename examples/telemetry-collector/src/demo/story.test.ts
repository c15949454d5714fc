import { describe, expect, it } from 'vitest';
import { FLAKY, flakyWorks } from './story.js';

describe('the flaky service', () => {
  it('works first, then fails, then works again', () => {
    const period = FLAKY.worksMs + FLAKY.failsMs;
    expect([0, FLAKY.worksMs - 1, FLAKY.worksMs, period - 1, period].map(flakyWorks)).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});
