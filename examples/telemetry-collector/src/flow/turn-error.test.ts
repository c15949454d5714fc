import { describe, expect, it } from 'vitest';
import { ProbeError } from '../probes/probe.js';
import { presentable, toTurnError } from './turn-error.js';

describe("a turn's error", () => {
  it('has the code and the message of the probe', () => {
    expect(toTurnError(new ProbeError('refused', 'db:5432: nothing listens there'))).toEqual({
      code: 'refused',
      message: 'db:5432: nothing listens there',
    });
  });

  it('is internal when the probe threw anything else', () => {
    expect(toTurnError(new TypeError('x is undefined'))).toEqual({
      code: 'internal',
      message: 'TypeError: x is undefined',
    });
    expect(toTurnError('so').message).toBe('so');
  });

  it('is one line without terminal escapes, whatever the target answered', () => {
    expect(presentable('bad\r\n\u001b[2J\u001b]0;owned\u0007 status\u2028 line\u202e')).toBe(
      'bad [2J ]0;owned status line',
    );
  });

  it('is cut to 300 characters', () => {
    const message = presentable('x'.repeat(100_000));
    expect(message).toHaveLength(300);
    expect(message.endsWith('x…')).toBe(true);
    expect(presentable('x'.repeat(300))).toHaveLength(300);
  });

  it('hides the credentials of a URL', () => {
    expect(presentable('GET https://user:pa55@host/path failed')).toBe('GET https://***@host/path failed');
  });
});
