import { describe, expect, it, vi } from 'vitest';
import { badLines, collected, held, linesOf, notFound, rigOf, STORED } from './lane.suite.js';

const textOf = (body: Buffer) => linesOf(body.toString());

describe('Lane', () => {
  it('sends what is pending at the start, and settles it', async () => {
    using rig = rigOf();
    rig.commit(3);
    rig.commit(2);
    const lane = rig.start();
    await rig.clock.advance(0);
    expect(rig.backend.linesFrom()).toEqual(rig.log.frames.flatMap(({ body }) => textOf(body)));
    expect(rig.backend.sent).toHaveLength(1);
    expect(rig.book.totals.released).toBe(5);
    expect(await lane.settled(new AbortController().signal)).toBe(true);
  });

  it('lets a batch that is not full wait for more, counted from the first of it', async () => {
    using rig = rigOf({ lingerMs: 50 });
    rig.start();
    rig.commit();
    await rig.clock.advance(30);
    rig.commit();
    await rig.clock.advance(19);
    expect(rig.backend.sent).toHaveLength(0);
    await rig.clock.advance(1);
    expect(rig.backend.sent.map(({ points }) => points)).toEqual([2]);
  });

  it('lets a full batch wait for nothing', async () => {
    using rig = rigOf({ lingerMs: 50, maxBatchPoints: 4 });
    rig.start();
    for (let frame = 0; frame < 5; frame++) rig.commit(2);
    await rig.clock.advance(0);
    expect(rig.backend.sent.map(({ points }) => points)).toEqual([4, 4]);
    await rig.clock.advance(50);
    expect(rig.backend.sent.map(({ points }) => points)).toEqual([4, 4, 2]);
  });

  it('sends each destination in requests of its own', async () => {
    using rig = rigOf();
    rig.start();
    for (let frame = 0; frame < 6; frame++) rig.commit(1, frame % 2 === 0 ? 'a' : 'b');
    await rig.clock.advance(50);
    expect(rig.backend.sent.map(({ bucket, points }) => [bucket, points])).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
  });

  it('has so many requests under way at most', async () => {
    using rig = rigOf({ maxInFlight: 3, maxBatchPoints: 1 });
    const open: Array<() => void> = [];
    rig.backend.script = () => new Promise((resolve) => open.push(() => resolve(STORED)));
    rig.start();
    for (let frame = 0; frame < 9; frame++) rig.commit();
    await rig.clock.advance(50);
    expect(rig.backend.inFlight).toBe(3);
    while (open.length > 0) {
      open.shift()!();
      await rig.clock.advance(0);
      expect(rig.backend.inFlight).toBeLessThanOrEqual(3);
    }
    expect(rig.book.totals.released).toBe(9);
  });

  it('waits as long as the backend asks, then sends one batch, and all once that is stored', async () => {
    using rig = rigOf({ maxBatchPoints: 1 });
    rig.backend.script = () => held({ retryAfterMs: 7_000 });
    const lane = rig.start();
    for (let frame = 0; frame < 8; frame++) rig.commit();
    await rig.clock.advance(1);
    const before = rig.backend.sent.length;
    expect(before).toBe(4);
    expect(lane.status().hold).toMatchObject({ reason: 'overloaded', words: 'queue full', untilMs: 7_000 });
    await rig.clock.advance(6_990);
    expect(rig.backend.sent).toHaveLength(before);
    let store: (() => void) | undefined;
    rig.backend.script = () => (store ? STORED : new Promise((resolve) => (store = () => resolve(STORED))));
    await rig.clock.advance(20);
    expect(rig.backend.inFlight).toBe(1);
    store!();
    await rig.clock.advance(1_000);
    expect(rig.book.totals.released).toBe(8);
    expect(lane.status().hold).toBeUndefined();
    expect(rig.events.map(({ type }) => type)).toEqual(['lane.held', 'lane.resumed']);
  });

  it('goes on with other destinations while one is held', async () => {
    using rig = rigOf();
    rig.backend.script = ({ bucket }) => (bucket === 'gone' ? notFound : STORED);
    const lane = rig.start();
    for (let frame = 0; frame < 20; frame++) rig.commit(1, frame % 2 === 0 ? 'gone' : 'b');
    await rig.clock.advance(100);
    expect(rig.book.totals.released).toBe(10);
    for (let frame = 0; frame < 20; frame++) {
      rig.commit(1, frame % 2 === 0 ? 'gone' : 'b');
      await rig.clock.advance(1_000);
    }
    await rig.clock.advance(50);
    expect(rig.book.totals.released).toBe(20);
    expect(lane.status().heldDestinations).toMatchObject([{ destination: 'gone', reason: 'not-found' }]);
    rig.backend.script = () => STORED;
    await rig.clock.advance(60_000);
    expect(rig.book.totals.released).toBe(40);
    expect(lane.status().heldDestinations).toEqual([]);
  });

  it('is not behind for a destination that is held, also while that is tried, and tells how long it waits', async () => {
    using rig = rigOf();
    const answerAfter = (ms: number) =>
      new Promise<typeof notFound>((resolve) => void rig.clock.after(ms, () => resolve(notFound)));
    rig.backend.script = ({ bucket }) => (bucket === 'typo' ? answerAfter(300) : STORED);
    const lane = rig.start();
    rig.commit(1, 'typo');
    await rig.clock.advance(500);
    for (let second = 0; second < 300; second++) {
      rig.commit(1, 'telemetry');
      await rig.clock.advance(990 + (second % 20));
      const { lagMs, hold } = lane.status();
      expect({ lagMs, hold }).toEqual({ lagMs: 0, hold: undefined });
    }
    expect(lane.status().heldDestinationsLagMs).toBeGreaterThan(290_000);
    expect(collected(lane, 'delivery_lag_seconds')).toEqual([0]);
    expect(collected(lane, 'delivery_held_destinations_lag_seconds')[0]).toBeGreaterThan(290);
    expect(collected(rig.gate, 'delivery_held_destinations')).toEqual([1]);
    expect(collected(lane, 'delivery_lane_held').filter((value) => value === 1)).toEqual([]);
    rig.backend.script = () => STORED;
    await rig.clock.advance(61_000);
    expect(lane.status()).toMatchObject({ lagMs: 0, heldDestinationsLagMs: 0, pendingPoints: 0 });
  });

  it('is behind with what is in flight, waits to be read or was put back, whatever else is held', async () => {
    using rig = rigOf({ maxInFlight: 1, maxBatchPoints: 1 });
    rig.backend.script = ({ bucket }) => (bucket === 'typo' ? notFound : STORED);
    const lane = rig.start();
    rig.commit(1, 'typo');
    await rig.clock.advance(1_000);
    rig.backend.script = () => new Promise(() => {});
    rig.commit(1, 'telemetry');
    await rig.clock.advance(2_000);
    expect(lane.status().lagMs).toBe(2_000);
  });

  it('is behind with its backlog while the backend is held', async () => {
    using rig = rigOf({ maxBatchPoints: 2 });
    rig.backend.script = ({ bucket }) => (bucket === 'typo' ? notFound : held());
    rig.commit(1, 'typo');
    const lane = rig.start();
    await rig.clock.advance(1_000);
    for (let frame = 0; frame < 9; frame++) rig.commit(1, 'telemetry');
    await rig.clock.advance(60_000);
    const { lagMs, hold } = lane.status();
    expect(lagMs).toBe(60_000);
    expect(hold).toMatchObject({ reason: 'overloaded' });
  });

  it('names the twenty destinations that are held for the longest', async () => {
    using rig = rigOf();
    rig.backend.script = () => notFound;
    const lane = rig.start();
    for (let number = 0; number < 30; number++) {
      rig.commit(1, `typo-${number}`);
      await rig.clock.advance(100);
    }
    const names = lane.status().heldDestinations.map(({ destination }) => destination);
    expect(names).toEqual(Array.from({ length: 20 }, (_, number) => `typo-${number}`));
    expect(collected(rig.gate, 'delivery_held_destinations')).toEqual([30]);
  });

  it('looks through no destinations that are held to send to another', async () => {
    using rig = rigOf();
    rig.backend.script = ({ bucket }) =>
      bucket === 'telemetry' ? STORED : held({ scope: 'destination', retryAfterMs: 60_000 });
    rig.start();
    for (let number = 0; number < 500; number++) {
      rig.commit(1, `typo-${number}`);
      if (number % 4 === 3) await rig.clock.advance(100);
    }
    await rig.clock.advance(10_000);
    const looks = vi.spyOn(rig.book, 'nextPending');
    rig.commit(1, 'telemetry');
    await rig.clock.advance(100);
    expect(rig.book.totals.released).toBe(1);
    expect(looks.mock.calls.length).toBeLessThan(100);
  });

  it('finds the bad line of 5,000, and stores the others', async () => {
    using rig = rigOf();
    rig.backend.script = ({ lines }) => (lines.some((line) => line.includes('v=3333i')) ? badLines('no') : STORED);
    rig.start();
    for (let frame = 0; frame < 10; frame++) rig.commit(500);
    await rig.clock.advance(1_000);
    expect(rig.texts()).toEqual(['m v=3333i 3333']);
    expect(rig.book.totals).toMatchObject({ released: 4_999, quarantined: 1 });
    expect(rig.backend.sent.length).toBeLessThanOrEqual(1 + 2 * 13);
  });

  it('ends a request that takes too long, and sends it again', async () => {
    using rig = rigOf({ timeoutMs: 2_000 });
    let calls = 0;
    rig.backend.script = (_sent, signal) => {
      if (++calls > 1) return STORED;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(held({ reason: 'network', mayBeStored: true })));
      });
    };
    const lane = rig.start();
    rig.commit(5);
    await rig.clock.advance(2_050);
    expect(lane.status().hold?.reason).toBe('timeout');
    await rig.clock.advance(1_000);
    expect(rig.book.totals.released).toBe(5);
  });

  it('stops with its requests answered and the rest pending', async () => {
    using rig = rigOf({ maxInFlight: 1, maxBatchPoints: 1 });
    let answer: (() => void) | undefined;
    rig.backend.script = () => new Promise((resolve) => (answer = () => resolve(STORED)));
    const lane = rig.start();
    rig.commit();
    rig.commit();
    await rig.clock.advance(50);
    const stopped = lane.stop();
    answer!();
    await stopped;
    await rig.clock.advance(1_000);
    expect(rig.backend.sent).toHaveLength(1);
    expect(rig.book.totals.released).toBe(1);
    expect(rig.book.pending).toBe(1);
    expect(rig.clock.timers).toBe(0);
  });

  it('in a hurry sends what it has at once, and is settled with the last answer', async () => {
    using rig = rigOf({ lingerMs: 5_000 });
    rig.backend.script = () => new Promise((resolve) => void rig.clock.after(30, () => resolve(STORED)));
    const lane = rig.start();
    rig.commit();
    await rig.clock.advance(10);
    lane.hurry();
    let settledMs: number | undefined;
    void lane.settled(new AbortController().signal).then(() => (settledMs = rig.clock.now()));
    await rig.clock.advance(1);
    rig.commit();
    await rig.clock.advance(100);
    expect(rig.backend.sent.map(({ atMs }) => atMs)).toEqual([10, 11]);
    expect(settledMs).toBe(41);
  });

  it('is settled also when what is left expires', async () => {
    using rig = rigOf();
    rig.backend.script = () => held({ retryAfterMs: 60_000 });
    const lane = rig.start();
    rig.commit();
    await rig.clock.advance(100);
    const settled = lane.settled(new AbortController().signal);
    rig.book.expire(1, 'age');
    await rig.clock.advance(1_000);
    expect(await settled).toBe(true);
  });

  it('counts what the backend sent once more by itself', async () => {
    using rig = rigOf();
    rig.backend.script = ({ onResend }) => {
      onResend?.('unexpected-answer');
      return STORED;
    };
    const lane = rig.start();
    rig.commit(3);
    await rig.clock.advance(50);
    expect(collected(lane, 'delivery_resent_points_total').filter((points) => points > 0)).toEqual([3]);
  });

  it('gives up the bytes of a line that is not UTF-8, beside what can be shown of it', async () => {
    using rig = rigOf();
    rig.backend.script = ({ lines }) => (lines.some((line) => line.startsWith('bad')) ? badLines() : STORED);
    rig.start();
    const bytes = Buffer.from('bad,t=\xff v=1 2', 'latin1');
    rig.commitBody(Buffer.concat([Buffer.from('good v=1 1\nbad,t=\u00ff v=1 1\n'), bytes, Buffer.from('\n')]), 3);
    await rig.clock.advance(50);
    expect([...rig.quarantined.values()]).toMatchObject([
      { line: 1, text: 'bad,t=\u00ff v=1 1' },
      { line: 2, text: 'bad,t=\ufffd v=1 2', bytes },
    ]);
    expect(rig.quarantined.get('1:1')).not.toHaveProperty('bytes');
  });
});
