import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elapsedFor } from './agent-time.js';

describe('elapsedFor', () => {
  it("is the agent's own time, in milliseconds", () => {
    expect(elapsedFor({ ticks: 100, atMs: 0 }, { ticks: 1_103, atMs: 10_000 })).toBe(10_030);
  });

  it('goes through the wrap after 497 days', () => {
    expect(elapsedFor({ ticks: 2 ** 32 - 400, atMs: 0 }, { ticks: 600, atMs: 10_000 })).toBe(10_000);
  });

  it('knows a restart by time that went back', () => {
    expect(elapsedFor({ ticks: 500_000, atMs: 0 }, { ticks: 300, atMs: 10_000 })).toBeUndefined();
  });

  it('knows a restart by time that advanced less than ours, although it is later than before', () => {
    expect(elapsedFor({ ticks: 10_000, atMs: 0 }, { ticks: 180_000, atMs: 3_600_000 })).toBeUndefined();
  });

  it('knows an agent whose clock was set by time that advanced more than ours', () => {
    expect(elapsedFor({ ticks: 0, atMs: 0 }, { ticks: 100_000, atMs: 10_000 })).toBeUndefined();
  });

  it('allows for answers that travelled for different times, up to two seconds and a twentieth', () => {
    expect(elapsedFor({ ticks: 0, atMs: 0 }, { ticks: 800, atMs: 10_500 })).toBe(8_000);
    expect(elapsedFor({ ticks: 0, atMs: 0 }, { ticks: 749, atMs: 10_000 })).toBeUndefined();
    expect(elapsedFor({ ticks: 0, atMs: 0 }, { ticks: 1_250, atMs: 10_000 })).toBe(12_500);
    expect(elapsedFor({ ticks: 0, atMs: 0 }, { ticks: 1_251, atMs: 10_000 })).toBeUndefined();
  });

  it('agrees with any agent that ran through, wherever its ticks stood', () => {
    const start = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(start, fc.integer({ min: 0, max: 1_000_000 }), (from, passed) => {
        const now = { ticks: (from + passed) % 2 ** 32, atMs: 77 + passed * 10 };
        expect(elapsedFor({ ticks: from, atMs: 77 }, now)).toBe(passed * 10);
      }),
    );
  });
});
