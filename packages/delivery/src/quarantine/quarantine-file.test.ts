import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@breakwater/resilience/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CrashError, ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import type { QuarantinedLine } from './quarantine.js';
import { openQuarantine, type QuarantineFile, readQuarantine } from './quarantine-file.js';

const PATH = '/lane.quarantine';
const LANE = 'http://a:8086';

const refused = (seq: number, line = 0, text = `m v=${seq} ${line}`): QuarantinedLine => ({
  seq,
  line,
  text,
  words: 'field type conflict',
  destination: { org: '', bucket: 'telemetry' },
  acceptedAtMs: 1,
  quarantinedAtMs: 2,
});

const newDisk = (seed = 1) => new ForgetfulDisk({ random: seededRandom(seed) });
const open = (storage: ForgetfulDisk, more = {}) => openQuarantine({ path: PATH, lane: LANE, storage, ...more });

async function linesIn(storage: ForgetfulDisk): Promise<QuarantinedLine[]> {
  const lines: QuarantinedLine[] = [];
  for await (const entry of readQuarantine(PATH, storage)) if (entry.kind === 'line') lines.push(entry.line);
  return lines;
}

const idsIn = async (storage: ForgetfulDisk) => (await linesIn(storage)).map(({ seq, line }) => `${seq}/${line}`);

function metricsOf(file: QuarantineFile): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  file.measure(({ name }, _, value) => (values[name] = value), { backend: LANE, slot: 'slot-1' });
  return values;
}

describe('the quarantine file', () => {
  it('keeps lines on the machine’s disk', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quarantine-'));
    try {
      const path = join(folder, 'lane.quarantine');
      for (const seq of [1, 2]) {
        const file = await openQuarantine({ path, lane: LANE });
        await file.add([refused(seq)]);
        await file.close();
      }
      const entries: unknown[] = [];
      for await (const entry of readQuarantine(path)) entries.push(entry);
      expect(entries).toEqual([1, 2].map((seq) => ({ kind: 'line', line: refused(seq) })));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('keeps any bytes and any text', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), fc.string({ unit: 'binary' }), async (bytes, text) => {
        const disk = newDisk();
        const file = await open(disk);
        await file.add([{ ...refused(1), bytes }, refused(2, 0, text)]);
        const [first, second] = await linesIn(disk);
        expect(Buffer.from(first!.bytes ?? Buffer.from(first!.text))).toEqual(Buffer.from(bytes));
        expect(second).toEqual(refused(2, 0, text));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps a line once, within a batch, between batches and after it was opened again', async () => {
    const disk = newDisk();
    const file = await open(disk);
    await Promise.all([file.add([refused(1, 2), refused(1, 2)]), file.add([refused(1, 2), refused(1, 1)])]);
    const again = await open(disk);
    await again.add([refused(1, 1), refused(1, 3), refused(2, 1)]);
    expect(await idsIn(disk)).toEqual(['1/2', '1/1', '1/3', '2/1']);
    expect(metricsOf(again)).toMatchObject({ delivery_quarantine_lines: 4 });
    const before = disk.operations.length;
    await again.add([refused(1, 1)]);
    expect(disk.operations).toHaveLength(before);
  });

  it('has every line whose add resolved, and each once, after a crash before any step', {
    timeout: 180_000,
  }, async () => {
    const batches = [[1], [2, 3], [4], [5, 6, 7], [8]].map((seqs) => seqs.map((seq) => refused(seq)));
    for (let seed = 1; seed <= 8; seed++) {
      for (let steps = 0; steps < 24; steps++) {
        const disk = newDisk(seed);
        disk.crashBefore(steps);
        let kept: number[] = [];
        const run = async () => {
          const file = await open(disk, { maxBytes: 1_000 });
          for (const batch of batches) {
            await file.add(batch);
            kept = [...kept, ...batch.map(({ seq }) => seq)];
          }
        };
        await run().catch((error: unknown) => expect(error).toBeInstanceOf(CrashError));
        disk.restart();
        const file = await open(disk, { maxBytes: 100_000 });
        const found = (await linesIn(disk)).map(({ seq }) => seq);
        const oldest = found[0] ?? 1;
        expect(found.slice(0, kept.length - oldest + 1)).toEqual(kept.filter((seq) => seq >= oldest));
        // The oldest go only when there is no more room.
        if (kept.length < 4) expect(oldest).toBe(1);
        for (const batch of batches) await file.add(batch);
        const ids = await idsIn(disk);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids).toHaveLength(8);
      }
    }
  });

  it('takes no line for kept that a killed process wrote, and a crash of the machine takes away', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      for (let steps = 0; steps < 9; steps++) {
        const disk = newDisk(seed);
        disk.crashBefore(steps);
        const run = async () => (await open(disk)).add([refused(1)]);
        await run().catch((error: unknown) => expect(error).toBeInstanceOf(CrashError));
        disk.kill();
        await run();
        disk.restart();
        expect(await idsIn(disk)).toEqual(['1/0']);
      }
    }
  });

  it('gives up the older half at its cap, and remembers how many lines that were', async () => {
    const disk = newDisk();
    const file = await open(disk, { maxBytes: 4_000 });
    for (let seq = 1; seq <= 100; seq++) {
      await file.add([refused(seq)]);
      expect(disk.files().get(PATH)!.length).toBeLessThanOrEqual(4_000);
    }
    const found = (await linesIn(disk)).map(({ seq }) => seq);
    expect(found.length).toBeGreaterThan(8);
    expect(found).toEqual(Array.from({ length: found.length }, (_, at) => 101 - found.length + at));
    const metrics = {
      delivery_quarantine_lines: found.length,
      delivery_quarantine_bytes: disk.files().get(PATH)!.length,
      delivery_quarantine_given_up_lines_total: 100 - found.length,
    };
    expect(metricsOf(file)).toEqual(metrics);
    expect(metricsOf(await open(disk))).toEqual(metrics);
    expect([...disk.files().keys()]).toEqual([PATH]);
  });

  it('stays below its cap when one batch takes more than half of it, and keeps that batch', async () => {
    const disk = newDisk();
    const file = await open(disk, { maxBytes: 4_000 });
    const long = (seq: number) => refused(seq, 0, 'x'.repeat(400));
    for (let seq = 1; seq <= 7; seq++) await file.add([long(seq)]);
    const batch = [8, 9, 10, 11, 12].map(long);
    await file.add(batch);
    expect(disk.files().get(PATH)!.length).toBeLessThanOrEqual(4_000);
    const left = await idsIn(disk);
    expect(left.slice(-5)).toEqual(batch.map(({ seq }) => `${seq}/0`));
    expect(metricsOf(file)['delivery_quarantine_given_up_lines_total']).toBe(12 - left.length);
    await file.add([refused(13, 0, 'y'.repeat(5_000))]);
    expect(await idsIn(disk)).toEqual(['13/0']);
  });

  it('goes on with the file that has the name, when giving up the older half failed anywhere', async () => {
    for (const operation of ['open', 'write', 'datasync', 'rename', 'syncDirectory'] as const) {
      const disk = newDisk();
      const file = await open(disk, { maxBytes: 900 });
      for (let seq = 1; seq <= 5; seq++) await file.add([refused(seq)]);
      disk.failing = { [operation]: 'EIO' };
      await expect(file.add([refused(6)])).rejects.toThrow('EIO');
      disk.failing = {};
      await file.add([refused(6)]);
      await file.add([refused(7)]);
      disk.restart();
      expect((await linesIn(disk)).slice(-3).map(({ seq }) => seq)).toEqual([5, 6, 7]);
    }
  });

  it('goes on where it was after a write or a sync that failed', async () => {
    for (const operation of ['write', 'datasync'] as const) {
      for (let seed = 1; seed <= 20; seed++) {
        const disk = newDisk(seed);
        const file = await open(disk);
        await file.add([refused(1)]);
        disk.failing = { [operation]: 'ENOSPC' };
        await expect(file.add([refused(2), refused(3)])).rejects.toThrow('ENOSPC');
        disk.failing = {};
        await file.add([refused(4)]);
        disk.restart();
        await open(disk);
        expect(await idsIn(disk)).toEqual(['1/0', '4/0']);
      }
    }
  });

  it('loses only the line that was damaged, and says where it was', async () => {
    const disk = newDisk();
    const file = await open(disk);
    await file.add([refused(1), refused(2), refused(3)]);
    const offset = disk.files().get(PATH)!.indexOf('{"seq":2');
    disk.edit(PATH, (bytes) => bytes.fill(0, offset, offset + 5));
    const again = await open(disk);
    await again.add([refused(4)]);
    const entries: unknown[] = [];
    for await (const entry of readQuarantine(PATH, disk)) entries.push(entry.kind === 'line' ? entry.line.seq : entry);
    expect(entries).toEqual([1, { kind: 'damage', offset }, 3, 4]);
  });

  it.each([
    ['no header', () => Buffer.from('{"seq":1'), 'is no quarantine file'],
    ['another version', (bytes: Buffer) => Buffer.from(bytes.toString().replace('/v1', '/v2')), 'of breakwater/v2'],
    ['another key', (bytes: Buffer) => Buffer.from(bytes.toString().replace('{', '{"x":1,')), 'keys or values'],
    ['another lane', (bytes: Buffer) => Buffer.from(bytes.toString().replace('//a', '//b')), 'is of lane http://b'],
  ])('refuses a file with %s', async (_, change, message) => {
    const disk = newDisk();
    await (await open(disk)).close();
    disk.edit(PATH, change);
    await expect(open(disk)).rejects.toThrow(message);
    await expect(open(disk)).rejects.toThrow(PATH);
  });

  it('reads nothing where there is no file, and refuses a line number that no frame has', async () => {
    const disk = newDisk();
    expect(await linesIn(disk)).toEqual([]);
    await expect((await open(disk)).add([refused(1, 2 ** 14)])).rejects.toThrow('cannot be quarantined');
  });
});
