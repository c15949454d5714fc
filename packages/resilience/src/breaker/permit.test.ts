import { describe, expect, it } from 'vitest';
import { BreakerPermit } from './permit.js';

function permitOf() {
  const heard: unknown[][] = [];
  return { permit: new BreakerPermit((...words) => heard.push(words)), heard };
}

describe('BreakerPermit', () => {
  it('passes each word on', () => {
    const error = new Error('down');
    for (const [say, words] of [
      [(permit: BreakerPermit) => permit.success(), ['success', undefined]],
      [(permit: BreakerPermit) => permit.failure(error), ['failure', error]],
      [(permit: BreakerPermit) => permit.failure(), ['failure', undefined]],
      [(permit: BreakerPermit) => permit.ignore(), ['ignore', undefined]],
      [(permit: BreakerPermit) => permit[Symbol.dispose](), ['ignore', undefined]],
    ] as const) {
      const { permit, heard } = permitOf();
      say(permit);
      expect(heard).toEqual([words]);
    }
  });

  it('counts the first word only', () => {
    const { permit, heard } = permitOf();
    permit.failure();
    permit.success();
    permit.ignore();
    permit[Symbol.dispose]();
    expect(heard).toEqual([['failure', undefined]]);
  });

  it('does not hear a word said while it is being heard', () => {
    let words = 0;
    const permit: BreakerPermit = new BreakerPermit(() => {
      words++;
      permit.success();
    });
    permit.failure();
    expect(words).toBe(1);
  });
});
