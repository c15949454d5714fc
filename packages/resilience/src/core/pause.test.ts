import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../testing/virtual-clock.js';
import { Call } from './call.js';
import { pause } from './pause.js';

function setup(options = {}) {
  const clock = new VirtualClock();
  const call = Call.root(() => 1, options);
  const ends: boolean[] = [];
  const wait = (ms: number) => void pause(clock, call, ms).then((passed) => ends.push(passed));
  return { clock, call, ends, wait };
}

describe('pause', () => {
  it('waits as long as it was told', async () => {
    const { clock, ends, wait } = setup();
    wait(100);
    await clock.advance(99);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual([true]);
  });

  it('ends at once when the caller aborts, and leaves no timer', async () => {
    const abort = new AbortController();
    const { clock, ends, wait } = setup({ signal: abort.signal });
    wait(100);
    await clock.advance(50);
    abort.abort();
    await settle();
    expect(ends).toEqual([false]);
    expect(clock.timers).toBe(0);
  });

  it('ends at once when the call was aborted before', async () => {
    const { clock, ends, wait } = setup({ signal: AbortSignal.abort() });
    wait(100);
    await settle();
    expect(ends).toEqual([false]);
    expect(clock.timers).toBe(0);
  });

  it('does not listen any longer once the time has passed', async () => {
    const abort = new AbortController();
    const { clock, call, ends, wait } = setup({ signal: abort.signal });
    wait(10);
    await clock.advance(10);
    call.abort('late');
    await settle();
    expect(ends).toEqual([true]);
  });
});
