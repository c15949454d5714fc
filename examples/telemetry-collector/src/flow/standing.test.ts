import { describe, expect, it } from 'vitest';
import { Standing } from './standing.js';
import type { Turn } from './turn.js';

const turn = (outcome: Turn['outcome'], durationMs: number | undefined, stalledMs = 0) =>
  ({ outcome, durationMs, stalledMs }) as Turn;
const timedOut = turn('timeout', 5_000);

/** After these turns, the first of which began at 1000, the next at 2000, and so on. */
function after(...turns: Turn[]): Standing {
  const standing = new Standing();
  for (const [index, each] of turns.entries()) {
    standing.began(1_000 * (index + 1));
    standing.ended(each);
  }
  return standing;
}

describe('how a target stands', () => {
  it('is prompt at first, and after each run that ended within a second, well or not', () => {
    expect(after().pace).toBe('prompt');
    expect(after(timedOut, turn('up', 20)).pace).toBe('prompt');
    expect(after(timedOut, turn('down', 3)).pace).toBe('prompt');
  });

  it('is lingering after a longer run that was answered', () => {
    expect(after(turn('up', 1_000)).pace).toBe('prompt');
    expect(after(turn('up', 1_001)).pace).toBe('lingering');
    expect(after(turn('partial', 3_000)).pace).toBe('lingering');
  });

  it('is hanging after a timeout, and after it was ended because the slow share was full', () => {
    expect(after(timedOut).pace).toBe('hanging');
    expect(after(turn('slow-share-full', 1_000)).pace).toBe('hanging');
  });

  it('does not change by what did not run, or was ended by the collector', () => {
    for (const said of [turn('open', undefined), turn('missed', undefined), turn('slow-share-full', undefined)]) {
      expect(after(said).pace).toBe('prompt');
      expect(after(timedOut, said).pace).toBe('hanging');
    }
    expect(after(turn('aborted', 3_000)).pace).toBe('prompt');
  });

  it('does not change by what our own event loop held up', () => {
    expect(after(turn('timeout', 5_000, 1_250)).pace).toBe('prompt');
    expect(after(turn('slow-share-full', 1_000, 400)).pace).toBe('prompt');
    expect(after(timedOut, turn('timeout', 5_000, 5_000)).pace).toBe('hanging');
  });

  it('knows when it last had an answer, and when all of its time', () => {
    const standing = after(turn('up', 20), turn('down', 20), timedOut, turn('slow-share-full', 1_000));
    expect([standing.lastAnswerMs, standing.lastVerdictMs]).toEqual([2_000, 3_000]);
  });
});
