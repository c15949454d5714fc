import { describe, expect, it } from 'vitest';
import { Disabled } from './disabled.js';
import { Isolated } from './isolated.js';

describe('Isolated', () => {
  it('refuses every call, for as long as it is held', () => {
    const state = new Isolated();
    expect(state.name).toBe('isolated');
    expect(state.admit()).toBe('isolated');
    expect(state.due(Number.MAX_VALUE)).toBeUndefined();
    expect(state).toMatchObject({ timesStart: false, timesSuccess: false });
  });

  it('begins with one hold, and remembers what lies beneath', () => {
    const disabled = new Disabled();
    expect(new Isolated(disabled)).toMatchObject({ holds: 1, beneath: disabled });
    expect(new Isolated().beneath).toBeUndefined();
  });
});
