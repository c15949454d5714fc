import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckHold } from './ack-hold.js';

const HOLD_MS = 10;

describe('AckHold', () => {
  it('releases what the same run still has after the hold', () => {
    const hold = new AckHold();
    hold.hold(1, 7, 100);
    expect(hold.observe({ askedMs: 109, epoch: 7 }, HOLD_MS)).toEqual({ released: [], rewound: [] });
    expect(hold.observe({ askedMs: 110, epoch: 7 }, HOLD_MS)).toEqual({ released: [1], rewound: [] });
    expect(hold.size).toBe(0);
  });

  it('rewinds what was sent while an older run was known, and keeps what was not', () => {
    const hold = new AckHold();
    hold.hold(1, 7, 100);
    hold.hold(2, 8, 101);
    expect(hold.observe({ askedMs: 102, epoch: 8 }, HOLD_MS)).toEqual({ released: [], rewound: [1] });
    expect(hold.observe({ askedMs: 111, epoch: 8 }, HOLD_MS)).toEqual({ released: [2], rewound: [] });
  });

  it('keeps holding for as long as nothing is seen of a run that was known', () => {
    const hold = new AckHold();
    hold.hold(1, 7, 100);
    for (let askedMs = 101; askedMs < 100_000; askedMs += 1_000)
      expect(hold.observe({ askedMs, epoch: undefined }, HOLD_MS).released).toEqual([]);
    expect(hold.observe({ askedMs: 100_000, epoch: 7 }, HOLD_MS).released).toEqual([1]);
  });

  it('lets time alone do where no run was ever seen', () => {
    const hold = new AckHold();
    hold.hold(1, undefined, 100);
    expect(hold.observe({ askedMs: 109, epoch: undefined }, HOLD_MS).released).toEqual([]);
    expect(hold.observe({ askedMs: 110, epoch: undefined }, HOLD_MS).released).toEqual([1]);
  });

  it('rewinds what no run is known for at the first run that it sees: a later one may have acknowledged it', () => {
    const hold = new AckHold();
    hold.hold(1, undefined, 100);
    expect(hold.observe({ askedMs: 101, epoch: 7 }, HOLD_MS)).toEqual({ released: [], rewound: [1] });
    hold.hold(2, undefined, 102);
    expect(hold.observe({ askedMs: 1_000, epoch: 7 }, HOLD_MS)).toEqual({ released: [], rewound: [2] });
  });

  it('rewinds what was acknowledged before a silence, and lets time alone do for the rest unless writes fail', () => {
    const hold = new AckHold();
    hold.hold(1, 7, 100);
    hold.hold(2, 7, 200);
    hold.observe({ askedMs: 101, epoch: 7 }, HOLD_MS);
    const silence = { epoch: undefined, silentSinceMs: 150 };
    expect(hold.observe({ askedMs: 205, ...silence }, HOLD_MS)).toEqual({ released: [], rewound: [1] });
    expect(hold.observe({ askedMs: 210, ...silence, fails: true }, HOLD_MS).released).toEqual([]);
    expect(hold.observe({ askedMs: 211, ...silence }, HOLD_MS)).toEqual({ released: [2], rewound: [] });
  });

  it('lets time alone do while runs alternate, whatever was seen before', () => {
    const hold = new AckHold();
    hold.hold(1, 7, 100);
    hold.hold(2, undefined, 100);
    expect(hold.observe({ askedMs: 109, epoch: undefined, alternates: true }, HOLD_MS).released).toEqual([]);
    const released = hold.observe({ askedMs: 110, epoch: undefined, alternates: true }, HOLD_MS);
    expect(released).toEqual({ released: [1, 2], rewound: [] });
  });

  // Every order in which sends, stores, answers, questions, looks and restarts can come.
  it('releases nothing, once a run was seen, that a backend lost which loses its last moments when it restarts', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 4 }),
      what: fc.constantFrom('send', 'store', 'answer', 'ask', 'look', 'tell', 'fail', 'restart'),
      which: fc.nat(5),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 10, maxLength: 120 }),
        fc.integer({ min: 1, max: HOLD_MS }),
        (steps, losesMs) => {
          const hold = new AckHold();
          let nowMs = 0;
          let run = 1;
          let known: number | undefined;
          let seq = 0;
          let question: { askedMs: number; seen: number | undefined } | undefined;
          const sent: Array<{ seq: number; epoch: number | undefined }> = [];
          const stored: Array<{ seq: number; epoch: number | undefined; storedMs: number; lost: boolean }> = [];
          const lost = new Set<number>();
          const onDisk = new Map<number, number>();
          const restart = () => {
            run++;
            for (const [seq, storedMs] of onDisk) if (nowMs - storedMs <= losesMs - 1) lost.add(seq);
            for (const seq of lost) onDisk.delete(seq);
          };
          for (const { afterMs, what, which } of steps) {
            nowMs += afterMs;
            if (what === 'send') sent.push({ seq: ++seq, epoch: known });
            else if (what === 'store' && sent.length > 0) {
              const [frame] = sent.splice(which % sent.length, 1);
              stored.push({ ...frame!, storedMs: nowMs, lost: false });
              onDisk.set(frame!.seq, nowMs);
            } else if (what === 'answer' && stored.length > 0) {
              const [frame] = stored.splice(which % stored.length, 1);
              hold.hold(frame!.seq, frame!.epoch, nowMs);
            } else if (what === 'ask') question ??= { askedMs: nowMs, seen: undefined };
            else if (what === 'look' && question !== undefined) question.seen ??= run;
            else if (what === 'tell' || what === 'fail') {
              if (question === undefined) continue;
              const epoch = what === 'tell' ? question.seen : undefined;
              if (epoch !== undefined) known = epoch;
              const { released, rewound } = hold.observe({ askedMs: question.askedMs, epoch }, HOLD_MS);
              question = undefined;
              for (const seq of released) {
                if (known === undefined) continue;
                expect(lost.has(seq)).toBe(false);
                // From now on no restart can take it.
                expect(nowMs - onDisk.get(seq)!).toBeGreaterThanOrEqual(losesMs);
                onDisk.delete(seq);
              }
              for (const seq of rewound) onDisk.delete(seq);
            } else if (what === 'restart') restart();
          }
        },
      ),
      { numRuns: 5_000 },
    );
  }, 180_000);
});
