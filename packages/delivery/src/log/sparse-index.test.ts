import { describe, expect, it } from 'vitest';
import { SparseIndex } from './sparse-index.js';

const frame = (seq: number, acceptedAtMs: number) => ({
  seq,
  totalBefore: seq - 1,
  points: 1,
  acceptedAtMs,
  metaLength: 10,
  bodyLength: 90,
  payloadCrc: 0,
});

describe('the sparse index', () => {
  it('keeps one entry for frames that are near each other, in bytes and in time', () => {
    const index = new SparseIndex();
    for (let seq = 1; seq <= 100; seq++) index.add(frame(seq, 5_000 + seq), seq * 100);
    expect(index.entryBefore(100)).toEqual({ seq: 1, totalBefore: 0, offset: 100 });
    expect(index.offsetAfter(1)).toBeUndefined();
    expect(index.acceptedAtMs(100)).toBe(5_001);
  });

  it('has an entry every 64 KiB', () => {
    const index = new SparseIndex();
    for (let seq = 1; seq <= 1_000; seq++) index.add(frame(seq, 5_000), seq * 1_000);
    expect(index.entryBefore(66)?.seq).toBe(1);
    expect(index.entryBefore(67)?.seq).toBe(67);
    expect(index.offsetAfter(66)).toBe(67_000);
  });

  it('tells when a frame was accepted to a second, however few bytes came in minutes', () => {
    const index = new SparseIndex();
    for (let seq = 1; seq <= 100; seq++) index.add(frame(seq, seq * 1_500), seq * 100);
    expect([1, 50, 100].map((seq) => index.acceptedAtMs(seq))).toEqual([1_500, 75_000, 150_000]);
  });

  it('never tells too late a time, also where the clock was set back', () => {
    const index = new SparseIndex();
    index.add(frame(1, 9_000), 100);
    index.add(frame(2, 4_000), 200);
    index.add(frame(3, 4_100), 300);
    expect([1, 2, 3].map((seq) => index.acceptedAtMs(seq))).toEqual([4_000, 4_000, 4_000]);
  });
});
