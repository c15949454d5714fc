import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../backend/backend.js';
import { badLines, collected, held, linesOf, notFound, rigOf, type Sent, STORED, tooLarge } from './lane.suite.js';

const FAULTS = [
  'none',
  'busy',
  'busy-for-long',
  'lost',
  'lost-but-stored',
  'unauthorized',
  'hangs',
  'not-found',
] as const;
type Fault = (typeof FAULTS)[number];

const frames = fc.array(
  fc.record({
    points: fc.integer({ min: 1, max: 12 }),
    bucket: fc.constantFrom('a', 'b', 'c'),
    /** Of each line, whether it is bad. */
    bad: fc.array(
      fc.boolean().map((flip) => flip),
      { maxLength: 12 },
    ),
    pauseMs: fc.constantFrom(0, 0, 0, 20, 300),
    atStart: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);
const requests = fc.array(
  fc.record({ fault: fc.constantFrom(...FAULTS), latencyMs: fc.constantFrom(0, 0, 1, 10, 400) }),
  { maxLength: 60 },
);
const settings = fc.record({
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  maxBatchPoints: fc.integer({ min: 1, max: 40 }),
  maxBytes: fc.constantFrom(40, 200, 1_000_000),
  storesGoodLines: fc.boolean(),
  badShare: fc.constantFrom(0, 0.1, 1),
  seed: fc.nat(),
});

describe('Lane, whatever the backend answers', () => {
  it('stores every good line, quarantines exactly the bad ones, and sends nothing again that was stored', async () => {
    await fc.assert(
      fc.asyncProperty(frames, requests, settings, async (frames, requests, settings) => {
        const { maxBytes, storesGoodLines, badShare, seed, ...lane } = settings;
        using rig = rigOf({ ...lane, seed, timeoutMs: 2_000, catchUpPointsPerSecond: 1_000 });
        const bad = new Set<string>();
        const good = new Set<string>();
        const stored = new Set<string>();
        const acknowledged = new Set<string>();
        const script = [...requests];
        const problems: string[] = [];
        const store = (lines: readonly string[]) => {
          for (const line of lines) if (!bad.has(line)) stored.add(line);
        };
        const truth = ({ lines, bytes }: Sent): Answer => {
          if (bytes > maxBytes && lines.length > 1) return tooLarge();
          const isBad = lines.some((line) => bad.has(line));
          if (!isBad || storesGoodLines) store(lines);
          if (isBad) return badLines();
          for (const line of lines) acknowledged.add(line);
          return STORED;
        };
        const answer = (fault: Fault, sent: Sent, signal: AbortSignal): Answer | Promise<Answer> => {
          if (fault === 'busy') return held();
          if (fault === 'busy-for-long') return held({ retryAfterMs: 5_000, reason: 'server-error' });
          if (fault === 'lost') return held({ reason: 'network', mayBeStored: true });
          if (fault === 'unauthorized') return held({ reason: 'unauthorized' });
          if (fault === 'not-found') return notFound;
          if (fault === 'none') return truth(sent);
          store(sent.lines);
          if (fault === 'lost-but-stored') return held({ reason: 'network', mayBeStored: true });
          const end = held({ reason: 'network', mayBeStored: true });
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve(end)));
        };
        rig.backend.script = async (sent, signal) => {
          for (const line of sent.lines) if (acknowledged.has(line)) problems.push(`sent again: ${line}`);
          if (sent.points !== sent.lines.length) problems.push('points miscounted');
          const { fault, latencyMs } = script.shift() ?? { fault: 'none', latencyMs: 0 };
          if (latencyMs > 0) await new Promise<void>((resolve) => void rig.clock.after(latencyMs, resolve));
          return answer(fault, sent, signal);
        };
        const commit = ({ points, bucket, bad: isBad }: (typeof frames)[number]) => {
          const { body } = rig.commit(points, bucket);
          for (const [index, line] of linesOf(body.toString()).entries())
            (isBad[index] && badShare > 0 && (badShare === 1 || index % 10 === 0) ? bad : good).add(line);
        };
        for (const frame of frames) if (frame.atStart) commit(frame);
        const running = rig.start();
        for (const frame of frames) {
          if (frame.atStart) continue;
          commit(frame);
          await rig.clock.advance(frame.pauseMs);
        }
        for (let round = 0; round < 200 && rig.book.pending > 0; round++) await rig.clock.advance(10_000);
        expect(rig.book.pending).toBe(0);
        expect(await running.settled(AbortSignal.abort())).toBe(true);
        expect(problems).toEqual([]);
        expect(rig.backend.mostInFlight).toBeLessThanOrEqual(lane.maxInFlight);
        expect([...stored].sort()).toEqual([...good].sort());
        expect(rig.texts().sort()).toEqual([...bad].sort());
        expect(rig.book.totals).toMatchObject({ released: good.size, quarantined: bad.size });
        const sentPoints = rig.backend.linesFrom().length;
        expect(sum(collected(running, 'delivery_resent_points_total'))).toBe(sentPoints - good.size - bad.size);
        expect(sum(collected(running, 'delivery_requests_total'))).toBe(rig.backend.sent.length);
        await running.stop();
        await rig.clock.advance(0);
        expect(rig.clock.timers).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 180_000);
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
