import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { LaneBook } from './lane-book.js';

const LANE = 'http://a:8086';

const frame = (seq: number, points = 10, segment = 1, lanes?: readonly string[]): FrameSummary => ({
  seq,
  points,
  segment,
  lanes,
  acceptedAtMs: 0,
});

function bookOf(...frames: FrameSummary[]): LaneBook {
  const book = new LaneBook({ lane: LANE, startSeq: 1 });
  for (const each of frames) book.add(each);
  book.reconcile();
  return book;
}

const SENT = { quarantined: 0, hold: false };

describe('the book of a lane', () => {
  it('counts a frame through pending, in flight, held and released', () => {
    const book = bookOf(frame(1), frame(2));
    book.take([frame(1)]);
    expect(book.nextPending(1)).toBe(2);
    expect(book.pending).toBe(20);
    book.settle(frame(1), { quarantined: 3, hold: true });
    expect([book.pending, book.held, book.totals.quarantined]).toEqual([10, 10, 0]);
    book.release([1]);
    expect(book.totals).toMatchObject({ accepted: 20, released: 7, quarantined: 3 });
  });

  it('has no business with frames for other lanes', () => {
    const book = bookOf(frame(1, 5, 1, ['http://b:8086']), frame(2, 7, 1, [LANE]));
    expect(book.totals.accepted).toBe(7);
    expect(book.nextPending(1)).toBe(2);
    expect(book.checkpoint().done).toEqual([[1, 1]]);
  });

  it('needs a segment until the last of its frames is done', () => {
    const book = bookOf(frame(1, 1, 1), frame(2, 1, 1), frame(3, 1, 3));
    book.take([frame(1), frame(2)]);
    book.settle(frame(1), SENT);
    expect(() => book.forget(1)).toThrow('still owes');
    book.settle(frame(2), SENT);
    book.forget(1);
    expect(book.neededSegments()).toEqual([3]);
  });

  it('expires whole segments, and leaves what is in flight', () => {
    const book = bookOf(frame(1, 1, 1), frame(2, 2, 1), frame(3, 4, 3), frame(4, 8, 3));
    book.take([frame(2, 2)]);
    expect(book.expire(3, 'age')).toEqual({ frames: 1, points: 1 });
    expect(book.needs(1)).toBe(true);
    book.putBack([frame(2, 2)]);
    expect(book.expire(4, 'size')).toEqual({ frames: 3, points: 14 });
    expect(book.checkpoint().expiredBy).toEqual({ age: 1, size: 14, operator: 0 });
    expect(book.neededSegments()).toEqual([]);
  });

  it('refuses what nobody can have asked who counts right', () => {
    const book = bookOf(frame(1));
    expect(() => book.settle(frame(1), SENT)).toThrow('frame 1 of lane http://a:8086 is not in flight');
    expect(() => book.release([1])).toThrow('is not held');
    book.take([frame(1)]);
    expect(() => book.take([frame(1)])).toThrow('is not pending');
    expect(() => book.settle(frame(1), { quarantined: 11, hold: false })).toThrow('and it holds 10');
    expect(() => book.add(frame(1))).toThrow('out of order');
    expect(() => new LaneBook({ lane: 'http://b', startSeq: 1, checkpoint: book.checkpoint() })).toThrow('not one of');
    expect(() => new LaneBook({ lane: LANE, startSeq: 1 }).checkpoint()).toThrow('before reconcile');
  });

  it('counts what a destroyed end of the log still owed as damaged', () => {
    const before = bookOf(frame(1), frame(2), frame(3));
    before.take([frame(2)]);
    before.settle(frame(2), SENT);
    const book = new LaneBook({ lane: LANE, startSeq: 1, checkpoint: before.checkpoint() });
    book.add(frame(1));
    expect(book.pending).toBe(20);
    expect(book.reconcile()).toBe(10);
    expect(book.totals).toMatchObject({ accepted: 30, released: 10, damaged: 10 });
    expect(book.pending).toBe(10);
    book.add(frame(4));
    expect(book.pending).toBe(20);
  });
});
