import { describe, expect, it } from 'vitest';
import type { CheckpointFile } from '../book/checkpoint-file.js';
import { LaneBook } from '../book/lane-book.js';
import { laneFiles } from './layout.js';
import { SlotLane } from './slot-lane.js';

const A = 'http://a:8086';

describe('the lane of a slot', () => {
  const laneWith = (frames: number) => {
    const book = new LaneBook({ lane: A, startSeq: 1 });
    book.reconcile();
    const frameOf = (seq: number) => ({ seq, points: 1, acceptedAtMs: 0, segment: 1, lanes: undefined });
    for (let seq = 1; seq <= frames; seq++) book.add(frameOf(seq));
    const settle = (seq: number) => {
      book.take([frameOf(seq)]);
      book.settle(frameOf(seq), { quarantined: 0, hold: false });
    };
    let writes = 0;
    const checkpoint: Pick<CheckpointFile, 'write'> = {
      write: async () => {
        writes++;
      },
    };
    const files = laneFiles('/slot-1', A);
    const lane = new SlotLane({ book, files, checkpoint: checkpoint as CheckpointFile, delivery: undefined });
    return { lane, settle, writes: () => writes };
  };

  it('is put on disk in each round in which something changed', async () => {
    const { lane, settle, writes } = laneWith(10);
    for (let round = 1; round <= 10; round++) {
      settle(round);
      await lane.keep();
      await lane.keep();
      expect(writes()).toBe(round);
    }
  });

  it('is put on disk more seldom while it is a matter of many ranges, but always when that is asked for', async () => {
    const { lane, settle, writes } = laneWith(80_000);
    for (let seq = 1; seq <= 80_000; seq += 2) settle(seq);
    for (let round = 0; round < 50; round++) {
      await lane.keep();
      settle(2 * round + 2);
    }
    expect(writes()).toBe(13);
    await lane.save();
    expect(writes()).toBe(14);
  });
});
