import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpBackend, normalizeLines, openSpool } from '@breakwater/delivery';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { breakwater, NOW_MS } from '../io.suite.js';

let folder: string;
let dir: string;

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW_MS - 200_000, toFake: ['Date'] });
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
  dir = join(folder, 'spool');
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

/** Three frames of 100 points that nobody takes; nothing listens on port 1. */
async function spool(): Promise<() => Promise<void>> {
  const opened = await openSpool({ directory: dir, backends: [httpBackend({ url: 'http://127.0.0.1:1' })] });
  for (let frame = 0; frame < 3; frame++) {
    const body = Array.from({ length: 100 }, (_, line) => `tide,frame=${frame} level=${line}i ${frame * 100 + line}\n`);
    const lines = normalizeLines(Buffer.from(body.join('')), { precision: 'ns', nowNs: 0n });
    await opened.intake.accept({ lines, destination: { org: '', bucket: 'tides' } });
  }
  return () => opened.close();
}

describe('breakwater spool', () => {
  it('ls prints tables, for a held slot and a free one', async () => {
    const close = await spool();
    const held = await breakwater('spool', 'ls', '--dir', dir);
    await close();
    expect(held.code).toBe(0);
    expect(held.printed).toMatch(/^slot-1 {2}held {4}/m);
    const { printed } = await breakwater('spool', 'ls', '--dir', dir);
    expect(printed.replace(/[\d.]+ KiB/, '9.1 KiB').split('\n')).toEqual([
      'SLOT    STATE  SEGMENTS     SIZE  FRAMES  POINTS      OLDEST      NEWEST',
      'slot-1  free          1  9.1 KiB       3     300  3 min 20 s  3 min 20 s',
      '',
      'SLOT    LANE                PENDING  ACCEPTED  RELEASED  QUARANTINED  EXPIRED  HANDED OVER  DAMAGED  TO MEND',
      'slot-1  http://127.0.0.1:1      300       300         0            0        0            0        0        0',
      '',
    ]);
    const json = JSON.parse((await breakwater('spool', 'ls', '--dir', dir, '--json')).printed);
    expect(json.slots[0].lanes[0]).toMatchObject({ lane: 'http://127.0.0.1:1', pendingPoints: 300 });
  });

  it('ls says how many refused lines had to make room for newer ones, where there are any', async () => {
    await (await spool())();
    const lanes = join(dir, 'slot-1', 'lanes');
    const name = (await readdir(lanes)).find((each) => each.endsWith('.quarantine'))!;
    const header = await readFile(join(lanes, name), 'utf8');
    await writeFile(join(lanes, name), header.replace('"givenUpLines":0', '"givenUpLines":1234'));
    const { printed } = await breakwater('spool', 'ls', '--dir', dir);
    expect(printed).toMatch(/ {2}TO MEND {2}GIVEN UP\n.* {8}0 {5}1,234\n/);
  });

  it('ls shows of a lane that was given up only what is to mend, and does not call it damaged', async () => {
    await (await spool())();
    const lanes = join(dir, 'slot-1', 'lanes');
    const nameOf = async (kind: string) => join(lanes, (await readdir(lanes)).find((each) => each.endsWith(kind))!);
    await rm(await nameOf('.checkpoint'));
    const { printed } = await breakwater('spool', 'ls', '--dir', dir);
    expect(printed).toMatch(/^slot-1 {2}http:\/\/127\.0\.0\.1:1 {8}-( +-){6} {8}0$/m);
    await writeFile(await nameOf('.quarantine'), 'soup\n');
    expect((await breakwater('spool', 'ls', '--dir', dir)).printed).toMatch(/^slot-1 {2}\(quarantine damaged\) /m);
  });

  it('verify says that all is sound, or what is not', async () => {
    await (await spool())();
    expect(await breakwater('spool', 'verify', '--dir', dir)).toEqual({
      code: 0,
      printed: 'Sound: 1 slot, 1 segment, 3 sound frames, 300 points, 1 lane, 0 quarantined lines.\n',
      said: '',
    });
    const segments = join(dir, 'slot-1', 'segments');
    const [name] = await readdir(segments);
    const bytes = await readFile(join(segments, name!));
    const at = bytes.indexOf('tide,frame=1 ');
    bytes[at]! ^= 1;
    await writeFile(join(segments, name!), bytes);
    const { code, printed } = await breakwater('spool', 'verify', '--dir', dir);
    expect(code).toBe(1);
    expect(printed.split('\n')).toEqual([
      'FILE                                  OFFSET  FRAMES  POINTS  WHAT',
      expect.stringMatching(/^slot-1\/segments\/0{15}1\.log {4}\d{4} {7}1 {5}100 {2}frame 2 is lost$/),
      '',
      '1 damage found. Read: 1 slot, 1 segment, 2 sound frames, 200 points, 1 lane, 0 quarantined lines.',
      '',
    ]);
    const json = JSON.parse((await breakwater('spool', 'verify', '--dir', dir, '--json')).printed);
    expect(json).toMatchObject({ damages: 1, damaged: [{ slot: 'slot-1', frames: 1, points: 100 }] });
  });

  it('cat prints lines as they are, or as JSON', async () => {
    await (await spool())();
    expect((await breakwater('spool', 'cat', '--dir', dir, '--from', '2', '--limit', '2')).printed).toBe(
      'tide,frame=1 level=0i 100\ntide,frame=1 level=1i 101\n',
    );
    const { printed } = await breakwater('spool', 'cat', '--dir', dir, '--from=3', '--json');
    expect(printed.trimEnd().split('\n')).toHaveLength(100);
    expect(JSON.parse(printed.split('\n')[0]!)).toEqual({
      slot: 'slot-1',
      seq: 3,
      line: 0,
      acceptedAtMs: NOW_MS - 200_000,
      destination: { org: '', bucket: 'tides' },
      text: 'tide,frame=2 level=0i 200',
    });
    const pending = await breakwater('spool', 'cat', '--dir', dir, '--lane', 'http://127.0.0.1:1/', '--pending');
    expect(pending.printed.trimEnd().split('\n')).toHaveLength(300);
    expect((await breakwater('spool', 'cat', '--dir', dir, '--quarantined')).printed).toBe('');
  });

  it('export and release say what they did', async () => {
    const close = await spool();
    const release = ['spool', 'release', '--dir', dir, '--slot', '1', '--lane', 'http://127.0.0.1:1'];
    expect((await breakwater(...release)).code).toBe(2);
    expect((await breakwater(...release, '--yes')).printed).toMatch(
      /^Marked: the process that holds slot-1 gives it up, unless its configuration names the backend \(.*\.release\)\n$/,
    );
    await close();
    const out = join(folder, 'out');
    expect(await breakwater('spool', 'export', '--dir', dir, '--out', out, '--to', '2')).toMatchObject({
      code: 0,
      printed: `200 lines written to ${out}\n`,
    });
    expect(await breakwater('spool', 'export', '--dir', dir, '--out', out)).toMatchObject({
      code: 1,
      said: `breakwater: ${out} is there already; name a file that is not\n`,
    });
    expect((await breakwater(...release, '--yes')).printed).toMatch(
      /^Marked: the next process that takes slot-1 gives it up, unless its configuration names the backend \(.*\.release\)\n$/,
    );
    expect((await breakwater('spool', 'ls', '--dir', dir)).printed).toContain('http://127.0.0.1:1 (given up)');
  });
});
