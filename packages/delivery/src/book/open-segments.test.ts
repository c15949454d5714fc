import { describe, expect, it } from 'vitest';
import { OpenSegments } from './open-segments.js';

describe('the open segments', () => {
  it('are those with frames that wait or are under way, from old to new', () => {
    const segments = new OpenSegments();
    for (let seq = 1; seq <= 4; seq++) segments.append({ segment: seq < 3 ? 1 : 3, seq, points: 10 });
    expect([...segments]).toMatchObject([
      { id: 1, lastSeq: 2, waitingFrames: 2, waitingPoints: 20 },
      { id: 3, lastSeq: 4, waitingFrames: 2, waitingPoints: 20 },
    ]);
    segments.take(1, 10);
    segments.take(1, 10);
    segments.close(3, 2, 20);
    expect(segments.ids).toEqual([1]);
    segments.putBack(1, 10);
    segments.finish(1);
    expect([...segments]).toMatchObject([{ id: 1, waitingFrames: 1, waitingPoints: 10 }]);
    segments.take(1, 10);
    expect(segments.has(1)).toBe(true);
    segments.finish(1);
    expect(segments.has(1)).toBe(false);
  });

  it('tell what nobody could say of frames that were lost, once nothing else of the segment waits', () => {
    const segments = new OpenSegments();
    for (let seq = 1; seq <= 3; seq++) segments.append({ segment: 1, seq, points: 10 * seq });
    // Frames 1 and 2 are gone, and nobody knows how many points that was.
    expect(segments.close(1, 2, 0)).toBe(0);
    expect(segments.take(1, 30)).toBe(30);
    expect([...segments]).toMatchObject([{ waitingFrames: 0, waitingPoints: 0 }]);
    segments.finish(1);
    expect(segments.ids).toEqual([]);
  });

  it('may change while they are gone through', () => {
    const segments = new OpenSegments();
    for (const id of [1, 2, 3]) segments.append({ segment: id, seq: id, points: 1 });
    const seen: number[] = [];
    for (const { id } of segments) {
      seen.push(id);
      segments.close(id, 1, 1);
    }
    expect(seen).toEqual([1, 2, 3]);
  });
});
