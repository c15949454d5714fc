import { describe, expect, it } from 'vitest';
import { Open } from './open.js';

const open = () => new Open('failures', 1_000, 61_000, 2);

describe('Open', () => {
  it('refuses every call', () => {
    const state = open();
    expect(state.name).toBe('open');
    expect(state.admit()).toBe('open');
    expect(state.admit()).toBe('open');
  });

  it('needs the time', () => {
    expect(open().timesStart).toBe(true);
  });

  it('is due when its time is up, not before', () => {
    const state = open();
    expect(state.due(60_999.9)).toBeUndefined();
    expect(state.due(61_000)).toBe('recovery-timeout');
    expect(state.due(999_999)).toBe('recovery-timeout');
  });

  it('says how long it stays open, and never less than nothing', () => {
    const state = open();
    expect(state.retryAfterMs(1_000)).toBe(60_000);
    expect(state.retryAfterMs(60_999)).toBe(1);
    expect(state.retryAfterMs(61_000)).toBe(0);
    expect(state.retryAfterMs(70_000)).toBe(0);
  });

  it('remembers why, since when, and how many times in a row', () => {
    expect(open()).toMatchObject({ cause: 'failures', openedAtMs: 1_000, untilMs: 61_000, attempts: 2 });
  });

  it('learns nothing from results', () => {
    const state = open();
    expect(state.success(2_000, true)).toBeUndefined();
    expect(state.failure(2_000, true)).toBeUndefined();
    expect(state.untilMs).toBe(61_000);
  });
});
