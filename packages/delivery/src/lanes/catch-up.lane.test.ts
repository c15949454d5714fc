import { describe, expect, it } from 'vitest';
import { badLines, collected, held, notFound, rigOf, STORED, tooLarge } from './lane.suite.js';

describe('Lane that is behind', () => {
  it('sends what is fresh first, and its backlog behind at no more than the cap', async () => {
    using rig = rigOf({ maxBatchPoints: 10, catchUpPointsPerSecond: 100, lingerMs: 0 });
    for (let frame = 0; frame < 100; frame++) rig.commit(10);
    rig.start();
    let fresh = 0;
    for (let second = 0; second < 5; second++) {
      const { seq } = rig.commit(10);
      await rig.clock.advance(0);
      expect(rig.book.isPending(seq)).toBe(false);
      fresh += 10;
      await rig.clock.advance(1_000);
    }
    const backlog = rig.book.totals.released - fresh;
    expect(backlog).toBeGreaterThanOrEqual(480);
    expect(backlog).toBeLessThanOrEqual(520);
    const lines = rig.backend.linesFrom().filter((line) => Number(line.split(' ')[2]) < 1_000);
    expect(lines).toEqual([...lines].sort((one, other) => Number(one.split(' ')[2]) - Number(other.split(' ')[2])));
  });

  it('leaves fresh data a request free while the backlog is slow', async () => {
    using rig = rigOf({ maxBatchPoints: 1, maxInFlight: 3, lingerMs: 0 });
    rig.backend.script = ({ lines }) =>
      Number(lines[0]!.split(' ')[2]) < 20
        ? new Promise((resolve) => void rig.clock.after(5_000, () => resolve(STORED)))
        : STORED;
    for (let frame = 0; frame < 20; frame++) rig.commit();
    rig.start();
    await rig.clock.advance(100);
    expect(rig.backend.inFlight).toBe(2);
    const { seq } = rig.commit();
    await rig.clock.advance(0);
    expect(rig.book.totals.released).toBe(1);
    expect(rig.book.isPending(seq)).toBe(false);
  });

  it('sends what came after an outage before what came during it', async () => {
    using rig = rigOf({ maxBatchPoints: 1, catchUpPointsPerSecond: 10, lingerMs: 0 });
    rig.backend.script = () => held({ retryAfterMs: 10_000 });
    rig.start();
    for (let frame = 0; frame < 50; frame++) rig.commit();
    await rig.clock.advance(9_000);
    rig.backend.script = () => STORED;
    await rig.clock.advance(1_500);
    expect(collected(rig.gate, 'delivery_catch_up_points_per_second')[0]).toBeLessThan(10);
    const sent = rig.backend.sent.length;
    const { seq } = rig.commit();
    await rig.clock.advance(0);
    expect(rig.backend.linesFrom(sent)).toContain(`m v=${seq - 1}i ${seq - 1}`);
    expect(rig.book.pending).toBeGreaterThan(30);
    await rig.clock.advance(30_000);
    expect(rig.book.pending).toBe(0);
  });

  it('reads the frames of a held destination once to set them aside and once to send them, and one batch a probe', async () => {
    using rig = rigOf({ maxBatchPoints: 10, maxBatchBytes: 1_024, lingerMs: 0 });
    rig.backend.script = ({ bucket }) => (bucket === 'gone' ? notFound : STORED);
    for (let frame = 0; frame < 400; frame++) rig.commit(1, frame % 2 === 0 ? 'gone' : 'b');
    rig.start();
    await rig.clock.advance(20_000);
    expect(rig.book.totals.released).toBe(200);
    const before = rig.log.reads.length;
    const probes = rig.backend.sent.length;
    await rig.clock.advance(600_000);
    const probed = rig.backend.sent.length - probes;
    expect(probed).toBeGreaterThan(10);
    // As many as fit into one read, each time.
    expect(rig.log.reads.length - before).toBeLessThan(probed * 100);
    const rest = rig.log.reads.length;
    rig.backend.script = () => STORED;
    await rig.clock.advance(120_000);
    expect(rig.book.pending).toBe(0);
    expect(rig.log.reads.length - rest).toBeLessThan(300);
  });

  it('shares requests, holds and the cap with the lanes of other slots', async () => {
    using rig = rigOf({ maxBatchPoints: 1, maxInFlight: 2, catchUpPointsPerSecond: 10 });
    const other = rig.anotherSlot();
    for (let frame = 0; frame < 100; frame++) {
      rig.commit();
      other.commit();
    }
    rig.start();
    other.start();
    await rig.clock.advance(5_000);
    const [own, others] = [rig.book.totals.released, other.book.totals.released];
    expect(own + others).toBeGreaterThanOrEqual(48);
    expect(own + others).toBeLessThanOrEqual(52);
    expect(Math.min(own, others)).toBeGreaterThan(10);
    rig.backend.script = () => held({ retryAfterMs: 60_000 });
    await rig.clock.advance(1_000);
    const sent = rig.backend.sent.length;
    await rig.clock.advance(58_000);
    expect(rig.backend.sent).toHaveLength(sent);
  });
});

describe('Lane with trouble of its own', () => {
  it('settles nothing whose bad lines are not in quarantine', async () => {
    using rig = rigOf();
    rig.backend.script = ({ lines }) => (lines.some((line) => line.includes('v=1i')) ? badLines() : STORED);
    rig.quarantine.broken = new Error('disk full');
    rig.start();
    rig.commit(3);
    await rig.clock.advance(10_000);
    expect(rig.book.pending).toBe(3);
    expect(rig.events).toContainEqual(expect.objectContaining({ type: 'trouble' }));
    expect(rig.backend.sent.length).toBeLessThan(30);
    expect(rig.backend.linesFrom(5).every((line) => line.includes('v=1i'))).toBe(true);
    rig.quarantine.broken = undefined;
    await rig.clock.advance(2_000);
    expect(rig.book.totals).toMatchObject({ released: 2, quarantined: 1 });
  });

  it('looks for many bad lines with two requests at a time', async () => {
    using rig = rigOf();
    rig.backend.script = async ({ lines }) => {
      await new Promise<void>((resolve) => void rig.clock.after(2, resolve));
      return lines.some((line) => /[05]$/.test(line)) ? badLines() : STORED;
    };
    rig.start();
    rig.commit(500);
    await rig.clock.advance(5_000);
    expect(rig.book.totals).toMatchObject({ released: 400, quarantined: 100 });
    expect(rig.backend.mostInFlight).toBe(2);
  });

  it('leaves no timer behind when it stops during a hold', async () => {
    using rig = rigOf();
    rig.backend.script = () => held({ retryAfterMs: 60_000 });
    const lane = rig.start();
    rig.commit();
    await rig.clock.advance(1_000);
    await lane.stop();
    expect(rig.clock.timers).toBe(0);
  });

  it('shows why its backend is held, also beside a destination that is', async () => {
    using rig = rigOf();
    rig.backend.script = ({ bucket }) => (bucket === 'gone' ? notFound : held({ retryAfterMs: 60_000 }));
    const lane = rig.start();
    rig.commit(1, 'gone');
    rig.commit(1);
    await rig.clock.advance(1_000);
    expect(collected(lane, 'delivery_lane_held').filter((value) => value === 1)).toHaveLength(1);
    expect(collected(rig.gate, 'delivery_held_destinations')).toEqual([1]);
    expect(lane.status().hold?.reason).toBe('overloaded');
  });

  it('tries again when the log cannot be read', async () => {
    using rig = rigOf();
    rig.log.broken = new Error('EIO');
    rig.commit(3);
    rig.start();
    await rig.clock.advance(5_500);
    expect(rig.events.filter(({ type }) => type === 'trouble').length).toBeLessThanOrEqual(6);
    rig.log.broken = undefined;
    await rig.clock.advance(1_000);
    expect(rig.book.totals.released).toBe(3);
  });

  it('learns how large a request may be, and quarantines a line that is too large alone', async () => {
    using rig = rigOf({ maxBatchBytes: 100_000 });
    rig.backend.script = ({ bytes }) => (bytes > 10_000 ? tooLarge('10 kB at most') : STORED);
    rig.start();
    rig.commit(5_000);
    await rig.clock.advance(1_000);
    expect(rig.book.totals.released).toBe(5_000);
    const sent = rig.backend.sent.length;
    rig.commit(5_000);
    rig.commit(1, 'b', (n) => `m v="${'x'.repeat(20_000)}" ${n}`);
    await rig.clock.advance(1_000);
    expect(rig.book.totals).toMatchObject({ released: 10_000, quarantined: 1 });
    expect([...rig.quarantined.values()].map(({ words }) => words)).toEqual(['10 kB at most']);
    const refused = rig.backend.sent.slice(sent).filter(({ bytes }) => bytes > 10_000);
    expect(refused.length).toBe(1);
  });
});
