import { describe, expect, it } from 'vitest';
import { answered, following, isOver, leaseEnd, unanswered } from './lease-state.js';

const TIMING = { leaseMs: 1_000, renewMs: 300 };
const at = (ms: number) => ({ ms, wallMs: 50_000 + ms });

describe('what a candidate believes', () => {
  it('leads from before the call was sent, for a little less than the lease', () => {
    const state = answered({ outcome: 'granted', token: 7, leftMs: 1_000 }, TIMING, at(100), at(180));
    expect(state).toEqual({ kind: 'leader', token: 7, nextMs: 400, ends: at(1_090) });
  });

  it('renews at once when the answer took longer than that', () => {
    const state = answered({ outcome: 'renewed', token: 7, leftMs: 1_000 }, TIMING, at(0), at(500));
    expect(state).toMatchObject({ kind: 'leader', nextMs: 500 });
  });

  it('does not lead on an answer that took the whole lease, and asks again', () => {
    const state = answered({ outcome: 'granted', token: 7, leftMs: 1_000 }, TIMING, at(0), at(990));
    expect(state).toEqual({ kind: 'follower', nextMs: 990, leader: undefined });
  });

  it('looks right after the end of the lease of another, and now and then before', () => {
    const held = { outcome: 'held', holder: 'b', token: 9 } as const;
    const leader = { holder: 'b', token: 9 };
    const soon = answered({ ...held, leftMs: 120 }, TIMING, at(0), at(10));
    expect(soon).toEqual({ kind: 'follower', nextMs: 131, leader });
    expect(answered({ ...held, leftMs: 900 }, TIMING, at(0), at(10)).nextMs).toBe(310);
  });

  it('changes nothing when there is no answer but the time of the next call', () => {
    const leader = answered({ outcome: 'granted', token: 7, leftMs: 1_000 }, TIMING, at(0), at(0));
    expect(unanswered(leader, 77)).toEqual({ ...leader, nextMs: 77 });
    expect(unanswered(following(5), 77)).toEqual(following(77));
  });

  it('ends by whichever clock comes first', () => {
    const ends = leaseEnd(at(0), 1_000);
    expect(isOver(ends, at(989))).toBe(false);
    expect(isOver(ends, at(990))).toBe(true);
    expect(isOver(ends, { ms: 10, wallMs: at(990).wallMs })).toBe(true);
    expect(isOver(ends, { ms: 990, wallMs: 0 })).toBe(true);
  });
});
