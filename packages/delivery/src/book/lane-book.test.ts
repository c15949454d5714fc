import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { FrameSummary } from '../frames/frame.js';
import { decodeSlot, encodeSlot } from './checkpoint-codec.js';
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
    expect(book.reconcile()).toBe(0);
    expect(book.totals).toMatchObject({ accepted: 30, released: 10, damaged: 10 });
    expect(book.pending).toBe(10);
    book.add(frame(4));
    expect(book.pending).toBe(20);
  });
});

/** What is in use, without what is garbage. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Every second frame done, so that there are more ranges than a checkpoint holds. */
function riddled(frames: number): LaneBook {
  const all = Array.from({ length: frames }, (_, at) => frame(at + 1, 3));
  const book = bookOf(...all);
  const sent = all.filter(({ seq }) => seq % 2 === 0);
  book.take(sent);
  for (const each of sent) book.settle(each, SENT);
  return book;
}

function equation({ totals, pending, held }: LaneBook): void {
  const { accepted, released, quarantined, expired, handedOver, damaged } = totals;
  expect(accepted).toBe(pending + held + released + quarantined + expired + handedOver + damaged);
}

describe('the book of a lane whose checkpoint was too long', () => {
  it('sends again what the checkpoint left out, and takes it back from what was released', () => {
    const before = riddled(14_000);
    const { checkpoint } = decodeSlot(encodeSlot({ generation: 1, checkpoint: before.checkpoint() }))!;
    const known = checkpoint.done.length;
    expect(known).toBeLessThan(before.checkpoint().done.length);
    const book = new LaneBook({ lane: LANE, startSeq: 1, checkpoint });
    for (let seq = 1; seq <= 14_000; seq++) {
      book.add(frame(seq, 3));
      if (seq % 997 === 0) equation(book);
    }
    expect(book.reconcile()).toBe(0);
    equation(book);
    expect(book.totals).toMatchObject({ accepted: 42_000, released: known * 3, damaged: 0 });
    expect(book.pending).toBe((14_000 - known) * 3);
  });

  it('owes nothing more of frames that it left out and whose segment is deleted', () => {
    const { checkpoint } = decodeSlot(encodeSlot({ generation: 1, checkpoint: riddled(14_000).checkpoint() }))!;
    const book = new LaneBook({ lane: LANE, startSeq: 1, checkpoint });
    for (let seq = 1; seq <= 14_000; seq += 2) book.add(frame(seq, 3));
    expect(book.reconcile()).toBe(0);
    expect(book.pending).toBe(21_000);
    equation(book);
  });
});

describe('the book of a lane and longer gaps', () => {
  const gap = (fromSeq: number, toSeq: number, points: number) => ({ fromSeq, toSeq, points, segment: 1 });

  it('counts a gap exactly once nothing else of the segment waits, where some of its frames were done', () => {
    const book = bookOf(frame(1, 1), frame(2, 2), frame(3, 4), frame(4, 8));
    book.take([frame(1, 1)]);
    book.settle(frame(1, 1), SENT);
    expect(book.damage(gap(1, 2, 3))).toBe(0);
    equation(book);
    expect([book.isPending(2), book.pending]).toEqual([false, 14]);
    book.take([frame(3, 4), frame(4, 8)]);
    expect([book.totals.damaged, book.pending]).toEqual([2, 12]);
    book.putBack([frame(3, 4), frame(4, 8)]);
    equation(book);
  });

  it('leaves out what is in flight or held', () => {
    const book = bookOf(frame(1, 1), frame(2, 2), frame(3, 4), frame(4, 8));
    book.take([frame(1, 1), frame(2, 2)]);
    book.settle(frame(2, 2), { quarantined: 0, hold: true });
    expect(book.damage(gap(1, 3, 7))).toBe(4);
    equation(book);
    expect([book.pending, book.held]).toEqual([9, 2]);
  });

  it('counts a gap that reaches over the checkpoint’s end once', () => {
    const { totals, ...checkpoint } = bookOf(frame(1, 1), frame(2, 2), frame(3, 4)).checkpoint();
    for (const isToldAtOnce of [true, false]) {
      const book = new LaneBook({ lane: LANE, startSeq: 1, checkpoint: { ...checkpoint, totals } });
      book.add(frame(1, 1));
      if (isToldAtOnce) book.damage(gap(2, 4, 14));
      book.add(frame(5, 16));
      if (!isToldAtOnce) expect(book.damage(gap(2, 4, 14))).toBe(8);
      expect(book.damage(gap(2, 4, 14))).toBe(0);
      equation(book);
      expect(book.reconcile()).toBe(6);
      equation(book);
      expect(book.totals).toMatchObject({ accepted: 31, damaged: 14 });
      expect(book.damage(gap(2, 4, 14))).toBe(0);
    }
  });
});

describe('what the book of a lane costs and shows', () => {
  it('keeps any number of waiting frames in a few numbers', { timeout: 180_000 }, () => {
    const book = new LaneBook({ lane: LANE, startSeq: 1 });
    const tiny = frame(1, 1);
    const before = heapBytes();
    for (let seq = 1; seq <= 300_000; seq++) book.add({ ...tiny, seq, segment: seq - (seq % 100_000) });
    book.reconcile();
    expect(book.pending).toBe(300_000);
    expect(book.checkpoint().done).toEqual([]);
    expect(book.neededSegments()).toHaveLength(4);
    // Not even one byte a frame.
    expect(heapBytes() - before).toBeLessThan(300_000);
  });

  it('shows every term of the ledger, and expiry by its reason', () => {
    const book = bookOf(frame(1, 1, 1), frame(2, 2, 2), frame(3, 4, 3), frame(4, 8, 4), frame(5, 16, 5));
    book.expire(1, 'age');
    book.handOver([frame(2, 2, 2)]);
    book.damage({ fromSeq: 3, toSeq: 3, points: 4, segment: 3 });
    book.take([frame(4, 8, 4)]);
    book.settle(frame(4, 8, 4), { quarantined: 3, hold: false });
    book.take([frame(5, 16, 5)]);
    book.settle(frame(5, 16, 5), { quarantined: 0, hold: true });
    expect(shownBy(book)).toEqual({
      delivery_carried_points: 31,
      delivery_accepted_points_total: 0,
      delivery_pending_points: 0,
      delivery_held_points: 16,
      delivery_released_points_total: 5,
      delivery_quarantined_points_total: 3,
      'delivery_expired_points_total size': 0,
      'delivery_expired_points_total age': 1,
      'delivery_expired_points_total operator': 0,
      delivery_handed_over_points_total: 2,
      delivery_damaged_points_total: 4,
    });
  });

  it('lets Prometheus count no point twice when it was killed before the latest checkpoint was on the disk', () => {
    const frames = [1, 2, 3, 4].map((seq) => frame(seq, 10 ** seq, seq));
    const first = bookOf();
    for (const each of frames) first.add(each);
    first.expire(2, 'age');
    first.take([frames[2]!]);
    const checkpoint = decodeSlot(encodeSlot({ generation: 1, checkpoint: first.checkpoint() }))!.checkpoint;
    first.settle(frames[2]!, SENT);
    first.expire(4, 'age');
    const shownLast = shownBy(first);
    const second = new LaneBook({ lane: LANE, startSeq: 1, checkpoint });
    for (const each of frames.slice(2)) second.add(each);
    second.reconcile();
    const shownFirst = shownBy(second);
    for (const [name, value] of Object.entries(shownFirst)) {
      if (!name.includes('_total')) continue;
      // A counter that goes back began anew, as `increase` sees it: all of it is new.
      const before = shownLast[name]!;
      expect({ [name]: value < before ? value : value - before }).toEqual({ [name]: 0 });
    }
    expect(shownFirst).toMatchObject({ delivery_carried_points: 11_000, delivery_pending_points: 11_000 });
  });

  it('calls damage new that it finds when it opens', () => {
    const first = bookOf();
    for (const seq of [1, 2]) first.add(frame(seq, 10, seq));
    const second = new LaneBook({ lane: LANE, startSeq: 1, checkpoint: first.checkpoint() });
    second.add(frame(2, 10, 2));
    second.reconcile();
    second.add(frame(3, 5, 3));
    expect(shownBy(second)).toMatchObject({
      delivery_carried_points: 20,
      delivery_accepted_points_total: 5,
      delivery_pending_points: 15,
      delivery_damaged_points_total: 10,
    });
  });
});

/** What is measured of a book. */
function shownBy(book: LaneBook): Record<string, number> {
  const shown: Record<string, number> = {};
  const labels = { backend: LANE, slot: 'slot-1' };
  book.measure(({ name }, { reason, ...rest }, value) => {
    expect(rest).toEqual(labels);
    shown[reason === undefined ? name : `${name} ${reason}`] = value as number;
  }, labels);
  return shown;
}
