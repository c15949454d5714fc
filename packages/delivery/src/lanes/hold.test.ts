import { describe, expect, it } from 'vitest';
import { Hold, holdMs } from './hold.js';

const busy = { reason: 'overloaded', words: 'queue full' } as const;

describe('holdMs', () => {
  it('draws from a time that doubles up to 30 s', () => {
    expect([0, 1, 2, 6, 50].map((holds) => holdMs(busy, holds, () => 1))).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
    expect(holdMs(busy, 3, () => 0)).toBe(10);
  });

  it('waits up to a minute for what somebody has to mend', () => {
    expect(holdMs({ ...busy, reason: 'not-found' }, 50, () => 1)).toBe(60_000);
  });

  it('waits for as long as it is asked to, where that is longer, and ten minutes at most', () => {
    expect(holdMs({ ...busy, retryAfterMs: 7_000 }, 0, () => 1)).toBe(7_000);
    expect(holdMs({ ...busy, retryAfterMs: 100 }, 0, () => 1)).toBe(500);
    expect(holdMs({ ...busy, retryAfterMs: 86_400_000 }, 0, () => 1)).toBe(600_000);
  });
});

describe('Hold', () => {
  it('lets one probe through when its time is up, and all when that succeeds', () => {
    const hold = new Hold();
    expect(hold.begin(busy, hold.generation, 0, () => 1)).toBe(500);
    expect(hold.admits(499)).toBe(false);
    expect(hold.admits(500)).toBe(true);
    hold.probes++;
    expect(hold.admits(500)).toBe(false);
    hold.probes--;
    expect(hold.end(hold.generation)).toBe(true);
    expect(hold.admits(500)).toBe(true);
  });

  it('counts requests that were under way together as one failure', () => {
    const hold = new Hold();
    expect(hold.begin(busy, 0, 0, () => 1)).toBe(500);
    expect(hold.begin(busy, 0, 1, () => 1)).toBeUndefined();
    expect(hold.begin({ ...busy, retryAfterMs: 3_000 }, 0, 2, () => 1)).toBeUndefined();
    expect(hold.untilMs).toBe(3_002);
    expect(hold.begin(busy, hold.generation, 4_000, () => 1)).toBe(1_000);
  });

  it('takes no success for its end that was sent before it', () => {
    const hold = new Hold();
    hold.begin(busy, 0, 0, () => 1);
    expect(hold.end(0)).toBe(false);
    expect(hold.answer).toBe(busy);
  });
});
