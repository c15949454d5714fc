import { describe, expect, it } from 'vitest';
import { judgeTurn, TURN_OUTCOMES, type Turn } from './turn.js';

const judged = (turn: Partial<Turn>) =>
  judgeTurn({ stalledMs: 0, durationMs: 1_000, error: undefined, ...turn } as Turn);

describe('what a turn tells the breaker', () => {
  it('is a success when something was measured, a failure when the target failed, and nothing otherwise', () => {
    const verdicts = Object.fromEntries(TURN_OUTCOMES.map((outcome) => [outcome, judged({ outcome })]));
    expect(verdicts).toEqual({
      up: 'success',
      partial: 'success',
      down: 'failure',
      timeout: 'failure',
      open: 'ignore',
      'slow-share-full': 'ignore',
      overlap: 'ignore',
      missed: 'ignore',
      aborted: 'ignore',
    });
  });

  it('does not hold a stall of our own against the target that timed out meanwhile', () => {
    expect(judged({ outcome: 'timeout', stalledMs: 250 })).toBe('ignore');
    expect(judged({ outcome: 'timeout', stalledMs: 249 })).toBe('failure');
    expect(judged({ outcome: 'down', stalledMs: 1_000 })).toBe('failure');
  });

  it('does not hold a fault of our own against the target', () => {
    for (const code of ['aborted', 'internal', 'rejected'] as const) {
      expect(judged({ outcome: 'down', error: { code, message: '' } })).toBe('ignore');
    }
    expect(judged({ outcome: 'down', error: { code: 'refused', message: '' } })).toBe('failure');
  });
});
