import { describe, expect, it } from 'vitest';
import { Disabled } from './disabled.js';

describe('Disabled', () => {
  it('lets every call run, and never asks for the time', () => {
    const state = new Disabled();
    expect(state.name).toBe('disabled');
    expect(state.admit(0)).toBeUndefined();
    expect(state.due(Number.MAX_VALUE)).toBeUndefined();
    expect(state).toMatchObject({ timesStart: false, timesSuccess: false });
  });

  it('counts nothing: no number of failures ends it', () => {
    const state = new Disabled();
    for (let failure = 0; failure < 50; failure++) {
      expect(state.failure(failure, true)).toBeUndefined();
      expect(state.success(failure, true)).toBeUndefined();
      state.giveBack();
    }
  });

  it('begins with one hold', () => {
    expect(new Disabled().holds).toBe(1);
  });
});
