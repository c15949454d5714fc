import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError, type Labels, type MetricDefinition } from '@breakwater/resilience';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IntakeError } from '../intake/intake.js';
import { normalizeLines } from '../lines/normalize.js';
import { laneFiles } from './layout.js';
import { MemoryBackend } from './memory-backend.suite.js';
import { openSpool } from './open.js';
import { isHeld } from './slot-lock.js';
import type { HandOver, Spool, SpoolOptions } from './spool.js';

const A = 'http://a:8086';
const B = 'http://b:8086';
const DESTINATION = { org: '', bucket: 'telemetry' };
const MIB = 1024 * 1024;

const line = (number: number): string => `m,p=1 n=${number}i ${1_700_000_000_000_000_000n + BigInt(number)}`;
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => line(from + at));
const linesOf = (texts: readonly string[]) =>
  normalizeLines(Buffer.from(`${texts.join('\n')}\n`), { precision: 'ns', nowNs: 0n });
const accept = (spool: Spool, from: number, to: number) =>
  spool.intake.accept({ lines: linesOf(numbers(from, to)), destination: DESTINATION });

type Ledger = Record<string, number>;

/** The terms of each lane, by backend and slot; what does not add up is an error. */
function ledgers(spool: Spool): Map<string, Ledger> {
  const found = new Map<string, Ledger>();
  spool.measure(({ name }: MetricDefinition, labels: Labels, value) => {
    const term =
      /^delivery_(carried|accepted|pending|held|released|quarantined|expired|handed_over|damaged)_points/.exec(
        name,
      )?.[1];
    if (term === undefined || typeof value !== 'number') return;
    const key = `${labels['backend']} ${labels['slot']}`;
    const ledger = found.get(key) ?? {};
    ledger[term] = (ledger[term] ?? 0) + value;
    found.set(key, ledger);
  });
  for (const [key, { carried, accepted, ...terms }] of found) {
    expect(
      Object.values(terms).reduce((sum, points) => sum + points, 0),
      key,
    ).toBe(carried! + accepted!);
  }
  return found;
}

describe('a spool', () => {
  let directory: string;
  let a: MemoryBackend;
  let b: MemoryBackend;
  const opened: Spool[] = [];

  const open = async (options: Partial<SpoolOptions> = {}): Promise<Spool> => {
    const spool = await openSpool({ directory, backends: [a, b], lingerMs: 1, ...options });
    opened.push(spool);
    return spool;
  };
  const delivered = async (spool: Spool) =>
    expect.poll(() => spool.lanes().reduce((sum, lane) => sum + lane.pendingPoints + lane.heldPoints, 0)).toBe(0);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spool-'));
    a = new MemoryBackend(A);
    b = new MemoryBackend(B);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((spool) => spool.close()));
    await rm(directory, { recursive: true });
  });

  it('delivers to every backend what it accepted, once', async () => {
    const spool = await open();
    await Promise.all([accept(spool, 0, 100), accept(spool, 100, 150)]);
    await delivered(spool);
    expect(a.lines.toSorted()).toEqual(numbers(0, 150).toSorted());
    expect(b.lines.toSorted()).toEqual(numbers(0, 150).toSorted());
    expect(ledgers(spool).get(`${A} slot-1`)).toMatchObject({ accepted: 150, released: 150 });
  });

  it('keeps what a backend is owed while it is away, and from one process to the next', async () => {
    b.isAway = true;
    const first = await open();
    await accept(first, 0, 10);
    await expect.poll(() => a.lines.length).toBe(10);
    await first.close();
    expect(a.isClosed).toBe(true);
    b.isAway = false;
    const second = await open();
    await delivered(second);
    expect(b.lines).toEqual(numbers(0, 10));
    expect(a.lines).toEqual(numbers(0, 10));
    expect(ledgers(second).get(`${B} slot-1`)).toMatchObject({ carried: 10, accepted: 0, released: 10 });
  });

  it('loses nothing in a crash: what the disk holds at any moment is enough', async () => {
    b.isAway = true;
    const spool = await open();
    const copies: Array<{ path: string; accepted: number }> = [];
    for (let round = 0; round < 8; round++) {
      await accept(spool, round * 20, round * 20 + 20);
      await pause(Math.random() * 60);
      const path = await mkdtemp(join(tmpdir(), 'spool-copy-'));
      // Sockets cannot be copied, and a crash would leave dead ones.
      await cp(spool.directory, join(path, 'slot-1'), { recursive: true, filter: (from) => !from.includes('.lock') });
      copies.push({ path, accepted: round * 20 + 20 });
    }
    for (const { path, accepted } of copies) {
      const [a2, b2] = [new MemoryBackend(A), new MemoryBackend(B)];
      const again = await open({ directory: path, backends: [a2, b2] });
      await delivered(again);
      expect(new Set(b2.lines)).toEqual(new Set(numbers(0, accepted)));
      const atA = new Set([...a.lines, ...a2.lines]);
      expect(numbers(0, accepted).filter((each) => !atA.has(each))).toEqual([]);
      for (const { damaged } of ledgers(again).values()) expect(damaged).toBe(0);
      await again.close();
      await rm(path, { recursive: true });
    }
  });

  it('deletes segments that nobody needs', async () => {
    const spool = await open({ segmentBytes: 4_096 });
    for (let round = 0; round < 20; round++) await accept(spool, round * 50, round * 50 + 50);
    await delivered(spool);
    const segments = () => readdir(join(spool.directory, 'segments'));
    await expect.poll(async () => (await segments()).length).toBe(1);
  });

  describe('over its cap', () => {
    const small = { maxBytes: MIB, segmentBytes: 64 * 1024 };
    const wide = 'x'.repeat(1_000);
    const flood = async (spool: Spool, kibibytes: number): Promise<IntakeError | undefined> => {
      for (let done = 0; done < kibibytes; done += 32) {
        const texts = Array.from({ length: 32 }, (_, at) => `m,p=1 t="${wide}" ${done * 100 + at + 1}`);
        try {
          await spool.intake.accept({ lines: linesOf(texts), destination: DESTINATION });
        } catch (error) {
          return error as IntakeError;
        }
      }
      return undefined;
    };

    it('block: a dead backend gives up its oldest, and the other misses nothing', async () => {
      b.isAway = true;
      const spool = await open(small);
      expect(await flood(spool, 3_000)).toBeUndefined();
      await expect.poll(() => a.lines.length).toBe(3_008);
      const { expired, pending } = ledgers(spool).get(`${B} slot-1`)!;
      expect(expired).toBeGreaterThan(1_500);
      expect(pending).toBeGreaterThan(500);
      expect(ledgers(spool).get(`${A} slot-1`)).toMatchObject({ expired: 0 });
    });

    it('block: when every backend is dead, nothing is given up and nothing comes in, until one is back', async () => {
      a.isAway = true;
      b.isAway = true;
      const spool = await open(small);
      const refused = await flood(spool, 3_000);
      expect(refused).toMatchObject({ reason: 'log-full' });
      expect(refused?.retryAfterMs).toBeGreaterThan(0);
      expect(spool.intake.closure?.reason).toBe('log-full');
      expect([...ledgers(spool).values()].map(({ expired }) => expired)).toEqual([0, 0]);
      a.isAway = false;
      await expect.poll(() => spool.intake.closure).toBeUndefined();
      expect(await flood(spool, 32)).toBeUndefined();
    });

    it('block: a lane that is not configured any more makes no other give up anything', async () => {
      a.isAway = true;
      b.isAway = true;
      const first = await open(small);
      await flood(first, 32);
      await first.close();
      const without = await open({ ...small, backends: [a] });
      expect(await flood(without, 3_000)).toMatchObject({ reason: 'log-full' });
      expect(ledgers(without).get(`${A} slot-1`)).toMatchObject({ expired: 0 });
    });

    it('says of a batch that is larger than the whole log that it never fits, and goes on with others', async () => {
      const spool = await open(small);
      const texts = Array.from({ length: 1_500 }, (_, at) => `m,p=1 t="${wide}" ${at + 1}`);
      const accepting = spool.intake.accept({ lines: linesOf(texts), destination: DESTINATION });
      await expect(accepting).rejects.toMatchObject({ reason: 'too-large' });
      expect(spool.intake.closure).toBeUndefined();
    });

    it('has no more segments than it can look through, however large the cap', async () => {
      a.isAway = true;
      b.isAway = true;
      const spool = await open({ maxBytes: 1024 * 1024 * MIB });
      const texts = Array.from({ length: 900 }, (_, at) => `m,p=1 t="${wide}" ${at + 1}`);
      for (let done = 0; done < 20; done++)
        await spool.intake.accept({ lines: linesOf(texts), destination: DESTINATION });
      expect(await readdir(join(spool.directory, 'segments'))).toHaveLength(1);
    });

    it('drop-oldest: everything comes in', async () => {
      a.isAway = true;
      b.isAway = true;
      const spool = await open({ ...small, whenFull: 'drop-oldest' });
      expect(await flood(spool, 3_000)).toBeUndefined();
      for (const { expired } of ledgers(spool).values()) expect(expired).toBeGreaterThan(1_500);
    });
  });

  it('gives up what is too old', async () => {
    b.isAway = true;
    const first = await open({ segmentBytes: 4_096 });
    for (let round = 0; round < 4; round++) await accept(first, round * 100, round * 100 + 100);
    await first.close();
    await pause(1_100);
    const second = await open({ maxAgeMs: 1_000 });
    await expect.poll(() => ledgers(second).get(`${B} slot-1`)?.['expired']).toBe(400);
  });

  it('keeps what a backend is owed that is not configured any more, and adds nothing to it', async () => {
    b.isAway = true;
    const first = await open();
    await accept(first, 0, 10);
    await expect.poll(() => a.lines.length).toBe(10);
    await first.close();
    const without = await open({ backends: [a] });
    await accept(without, 10, 20);
    await delivered(without);
    expect(ledgers(without).get(`${B} slot-1`)).toMatchObject({ carried: 10, accepted: 0, pending: 10 });
    await without.close();
    b.isAway = false;
    const again = await open();
    await delivered(again);
    expect(b.lines).toEqual(numbers(0, 10));
  });

  it('gives an orphaned lane up when the operator says so', async () => {
    b.isAway = true;
    const first = await open();
    await accept(first, 0, 10);
    await first.close();
    await writeFile(laneFiles(join(directory, 'slot-1'), B).release, '');
    const without = await open({ backends: [a] });
    await expect.poll(() => ledgers(without).has(`${B} slot-1`)).toBe(false);
    const marks = async () =>
      (await readdir(join(directory, 'slot-1', 'lanes'))).filter((name) => /release$/.test(name));
    await expect.poll(marks).toEqual([]);
  });

  it('begins the lane of a new backend with what comes', async () => {
    const first = await open({ backends: [a] });
    await accept(first, 0, 10);
    await delivered(first);
    await first.close();
    const second = await open();
    await accept(second, 10, 20);
    await delivered(second);
    expect(b.lines).toEqual(numbers(10, 20));
  });

  it('takes a slot of its own beside a living process, and delivers what a dead one left', async () => {
    a.isAway = true;
    b.isAway = true;
    const first = await open();
    await accept(first, 0, 10);
    const [a2, b2] = [new MemoryBackend(A), new MemoryBackend(B)];
    const second = await open({ backends: [a2, b2] });
    expect(second.directory).toBe(join(directory, 'slot-2'));
    await accept(second, 10, 20);
    await delivered(second);
    expect(a2.lines).toEqual(numbers(10, 20));
    await first.close();
    await expect.poll(() => a2.lines.length, { timeout: 60_000, interval: 100 }).toBe(20);
    expect(b2.lines.toSorted()).toEqual(numbers(0, 20).toSorted());
    // It is given up again: whoever comes next finds it free.
    await expect.poll(() => [...ledgers(second).keys()].some((key) => key.endsWith('slot-1'))).toBe(false);
    await expect.poll(() => isHeld(join(directory, 'slot-1'))).toBe(false);
    const third = await open();
    expect(third.directory).toBe(join(directory, 'slot-1'));
  }, 180_000);

  describe('drained for good', () => {
    interface Parcel {
      readonly lanes: readonly string[];
      readonly lines: readonly string[];
    }
    const parcels: Parcel[] = [];
    const take: HandOver = async ({ lanes, body }) => {
      parcels.push({ lanes, lines: Buffer.concat(body).toString().split('\n').slice(0, -1) });
    };
    beforeEach(() => {
      parcels.length = 0;
    });

    it('hands over what is still owed, for the lanes still owed', async () => {
      b.isAway = true;
      const spool = await open();
      await accept(spool, 0, 10);
      await expect.poll(() => a.lines.length).toBe(10);
      const report = await spool.drain({ deliverMs: 100, timeoutMs: 5_000, handOver: take });
      expect(parcels).toEqual([{ lanes: [B], lines: numbers(0, 10) }]);
      expect(report).toEqual({ handedOverPoints: 10, left: new Map() });
      expect(ledgers(spool).get(`${B} slot-1`)).toMatchObject({ accepted: 10, pending: 0, handed_over: 10 });
      await expect(accept(spool, 10, 20)).rejects.toMatchObject({ reason: 'shutdown' });
    });

    it('hands over what is acknowledged and not yet safe', async () => {
      a.dialect = 'victoria-metrics';
      const spool = await open({ backends: [a] });
      await accept(spool, 0, 10);
      await expect.poll(() => spool.lanes()[0]?.heldPoints).toBe(10);
      await spool.drain({ deliverMs: 100, timeoutMs: 5_000, handOver: take });
      expect(parcels).toEqual([{ lanes: [A], lines: numbers(0, 10) }]);
    });

    it('keeps what nobody took, and says so', async () => {
      b.isAway = true;
      const first = await open();
      await accept(first, 0, 10);
      await expect.poll(() => a.lines.length).toBe(10);
      const refuse = () => Promise.reject(new Error('no peer'));
      const report = await first.drain({ deliverMs: 50, timeoutMs: 1_000, handOver: refuse });
      expect(report).toEqual({ handedOverPoints: 0, left: new Map([[B, 10]]) });
      await first.close();
      b.isAway = false;
      const second = await open();
      await delivered(second);
      expect(b.lines).toEqual(numbers(0, 10));
    });

    it('hands nothing over that it can deliver', async () => {
      const spool = await open();
      await accept(spool, 0, 10);
      const report = await spool.drain({ deliverMs: 5_000, timeoutMs: 6_000, handOver: take });
      expect(report).toEqual({ handedOverPoints: 0, left: new Map() });
      expect(parcels).toEqual([]);
    });
  });

  it('refuses options that cannot be used', async () => {
    await expect(open({ maxBytes: 1_000 })).rejects.toThrow(ConfigError);
    await expect(open({ maxInFlight: 0 })).rejects.toThrow(ConfigError);
  });
});
