import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collected, held, rigOf, STORED } from './lane.suite.js';

const LOSES_MS = 5_000;

describe('Lane to a backend that answers before the data is safe', () => {
  it('holds what is acknowledged for ten seconds, and looks every second meanwhile', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    rig.start();
    rig.commit(5);
    await rig.clock.advance(9_000);
    expect(rig.book.held).toBe(5);
    expect(rig.book.pending).toBe(0);
    await rig.clock.advance(3_000);
    expect(rig.book.totals.released).toBe(5);
    const asked = rig.backend.epochs;
    expect(asked).toBeGreaterThan(9);
    await rig.clock.advance(60_000);
    expect(rig.backend.epochs).toBeLessThanOrEqual(asked + 1);
    expect(rig.clock.timers).toBe(0);
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([0]);
  });

  it('sends again what a restart may have cost, and says so', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    const lane = rig.start();
    rig.commit(5);
    await rig.clock.advance(4_000);
    rig.backend.currentEpoch = () => 2;
    await rig.clock.advance(2_000);
    expect(rig.backend.sent.map(({ points }) => points)).toEqual([5, 5]);
    expect(rig.events).toEqual([{ type: 'lane.rewound', backend: rig.backend.id, points: 5 }]);
    expect(collected(lane, 'delivery_resent_points_total').filter((points) => points > 0)).toEqual([5]);
    await rig.clock.advance(12_000);
    expect(rig.book.totals.released).toBe(5);
  });

  it('goes on without the guarantee where the backend does not say when it started, and shows that', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    rig.backend.currentEpoch = () => undefined;
    rig.start();
    rig.commit(5);
    await rig.clock.advance(12_000);
    expect(rig.book.totals.released).toBe(5);
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([1]);
  });

  it('knows the run before it sends, also when the backend was down at first', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    let isDown = true;
    rig.backend.currentEpoch = () => (isDown ? undefined : 1);
    rig.backend.script = () => (isDown ? held({ reason: 'network' }) : STORED);
    rig.start();
    rig.commit(5);
    await rig.clock.advance(5_000);
    isDown = false;
    await rig.clock.advance(9_000);
    expect(rig.book.held).toBe(5);
    rig.backend.currentEpoch = () => 2;
    await rig.clock.advance(1_500);
    expect(rig.events.some(({ type }) => type === 'lane.rewound')).toBe(true);
  });

  it('sends again what was acknowledged before the backend could say which run it was', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    let hasPage = false;
    rig.backend.currentEpoch = () => (hasPage ? 2 : undefined);
    rig.start();
    rig.commit(5);
    await rig.clock.advance(3_000);
    expect(rig.book.held).toBe(5);
    hasPage = true;
    await rig.clock.advance(1_500);
    expect(rig.backend.sent.map(({ points }) => points)).toEqual([5, 5]);
    await rig.clock.advance(12_000);
    expect(rig.book.totals.released).toBe(5);
    expect(rig.backend.sent).toHaveLength(2);
  });

  it('goes on without the guarantee where two servers answer in turn, and says so once', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics', lingerMs: 0 });
    rig.backend.currentEpoch = () => 1 + (rig.backend.epochs % 2);
    rig.start();
    for (let second = 0; second < 120; second++) {
      rig.commit();
      await rig.clock.advance(1_000);
    }
    await rig.clock.advance(12_000);
    expect(rig.book.totals.released).toBe(120);
    expect(rig.events.filter(({ type }) => type === 'lane.rewound').length).toBeLessThanOrEqual(2);
    expect(rig.backend.linesFrom().length).toBeLessThanOrEqual(124);
    expect(rig.events.filter(({ type }) => type === 'trouble')).toMatchObject([
      { what: expect.stringMatching(/^restarts of http:\/\/influx:8086 go unnoticed/) },
    ]);
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([1]);
  });

  it('goes on without the guarantee once the start time has been silent for a minute while points are stored', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics', lingerMs: 0 });
    rig.start();
    rig.commit();
    await rig.clock.advance(1_500);
    expect(rig.book.held).toBe(1);
    rig.backend.currentEpoch = () => undefined;
    for (let second = 0; second < 58; second++) {
      rig.commit();
      await rig.clock.advance(1_000);
    }
    expect(rig.book.totals.released).toBe(0);
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([0]);
    for (let second = 0; second < 62; second++) {
      rig.commit();
      await rig.clock.advance(1_000);
    }
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([1]);
    expect(rig.book.held).toBeLessThanOrEqual(12);
    // Only what may have been lost before: the page may be silent since a restart.
    expect(rig.events).toEqual([{ type: 'lane.rewound', backend: rig.backend.id, points: 2 }]);
    expect(rig.backend.linesFrom()).toHaveLength(123);
    rig.backend.currentEpoch = () => 2;
    await rig.clock.advance(15_000);
    expect(collected(rig.gate, 'delivery_ack_hold_off')).toEqual([0]);
    expect(rig.book.totals.released).toBe(121);
  });

  it('releases nothing by time while points are refused too', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics', lingerMs: 0 });
    rig.start();
    rig.commit();
    await rig.clock.advance(1_500);
    rig.backend.currentEpoch = () => undefined;
    rig.backend.script = () => held({ reason: 'network' });
    rig.commit();
    await rig.clock.advance(600_000);
    expect(rig.book.held).toBe(1);
    // Back, and stored something: but what it acknowledged before the silence may be gone.
    rig.backend.script = () => STORED;
    await rig.clock.advance(60_000);
    expect(rig.events.filter(({ type }) => type === 'lane.rewound')).toHaveLength(1);
    expect(rig.book.totals.released).toBe(2);
    rig.commit();
    await rig.clock.advance(1_000);
    rig.backend.script = () => held({ reason: 'network' });
    rig.commit();
    await rig.clock.advance(60_000);
    expect(rig.book.held).toBe(1);
  });

  it('sends on while the page with the start time hangs', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics', timeoutMs: 3_000, lingerMs: 0 });
    rig.backend.currentEpoch = () => new Promise((resolve) => void rig.clock.after(3_000, () => resolve(undefined)));
    rig.start();
    rig.commit();
    await rig.clock.advance(3_000);
    for (let frame = 0; frame < 10; frame++) {
      rig.commit();
      await rig.clock.advance(500);
      expect(rig.book.pending).toBe(0);
    }
  });

  it('holds nothing and asks nothing where an answer means stored', async () => {
    using rig = rigOf({ dialect: 'influxdb-2' });
    rig.start();
    rig.commit(5);
    await rig.clock.advance(50);
    expect(rig.book.totals.released).toBe(5);
    expect(rig.backend.epochs).toBe(0);
  });

  it('releases what was acknowledged by a backend that shows only then that it answers first', async () => {
    using rig = rigOf({ dialect: 'influxdb-1' });
    rig.backend.script = () => {
      rig.backend.dialect = 'victoria-metrics';
      return STORED;
    };
    rig.start();
    rig.commit(5);
    await rig.clock.advance(60_000);
    expect([rig.book.held, rig.book.totals.released]).toEqual([0, 5]);
  });

  it('keeps what is held when it stops', async () => {
    using rig = rigOf({ dialect: 'victoria-metrics' });
    const lane = rig.start();
    rig.commit(5);
    await rig.clock.advance(1_000);
    await lane.stop();
    await rig.clock.advance(60_000);
    expect(rig.book.held).toBe(5);
    expect(rig.clock.timers).toBe(0);
  });

  it('loses nothing however often the backend is killed', async () => {
    const life = fc.array(
      fc.record({
        commits: fc.integer({ min: 0, max: 4 }),
        forMs: fc.integer({ min: 0, max: 7_000 }),
        ending: fc.constantFrom('kill', 'kill-and-stay-down', 'page-fails', 'nothing'),
        latencyMs: fc.constantFrom(0, 30, 700),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(life, fc.nat(), async (life, seed) => {
        using rig = rigOf({ dialect: 'victoria-metrics', maxBatchPoints: 2, seed });
        const safe = new Set<string>();
        let recent: Array<{ line: string; atMs: number }> = [];
        let epoch = 1;
        let isDown = false;
        let hasPage = true;
        let latencyMs = 0;
        const pause = (ms: number) => new Promise<void>((resolve) => void rig.clock.after(ms, resolve));
        const down = held({ reason: 'network', mayBeStored: true });
        rig.backend.script = async ({ lines }) => {
          if (isDown) return down;
          await pause(latencyMs);
          if (isDown) return down;
          const atMs = rig.clock.now();
          for (const line of lines) recent.push({ line, atMs });
          await pause(latencyMs);
          return STORED;
        };
        rig.backend.currentEpoch = async () => {
          await pause(latencyMs);
          const seen = isDown || !hasPage ? undefined : epoch;
          await pause(latencyMs);
          return seen;
        };
        const flush = (isKill: boolean) => {
          const nowMs = rig.clock.now();
          for (const { line, atMs } of recent) if (!isKill || nowMs - atMs > LOSES_MS) safe.add(line);
          recent = [];
        };
        rig.start();
        // Known once before the page can fail.
        rig.commit();
        await rig.clock.advance(100);
        for (const { commits, forMs, ending, latencyMs: nextMs } of life) {
          latencyMs = nextMs;
          for (let count = 0; count < commits; count++) rig.commit();
          await rig.clock.advance(forMs);
          isDown = ending === 'kill-and-stay-down';
          hasPage = ending !== 'page-fails';
          if (ending === 'kill' || isDown) {
            flush(true);
            epoch++;
          }
        }
        isDown = false;
        hasPage = true;
        for (let round = 0; round < 60 && rig.book.pending + rig.book.held > 0; round++) await rig.clock.advance(5_000);
        expect(rig.book.pending + rig.book.held).toBe(0);
        // What is released now must survive a kill now.
        flush(true);
        expect(safe.size).toBe(rig.log.totalPoints);
      }),
      { numRuns: 100 },
    );
  }, 180_000);
});
