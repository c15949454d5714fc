import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { seededRandom } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from './log.js';

const BUILT = new URL('../../dist/log/log.js', import.meta.url);

/** Appends frame after frame, a few at once, and tells the name of each that was accepted. */
const writer = (directory: string, round: number): string => `
  import { writeSync } from 'node:fs';
  import { openLog } from ${JSON.stringify(BUILT.href)};
  const log = await openLog({ directory: ${JSON.stringify(directory)}, segmentBytes: 200_000, slot: 's' });
  const meta = { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'b' } };
  let next = 0;
  const work = async () => {
    for (;;) {
      const name = '${round}-' + next++;
      await log.append([{ meta, body: Buffer.from(name + ' ' + 'x'.repeat((next * 7919) % 40_000)), points: 3 }]);
      writeSync(1, name + '\\n');
    }
  };
  for (let worker = 0; worker < 8; worker++) work();
`;

/** Lets the writer work until it has told of `count` frames, then kills it. */
function killAfter(count: number, directory: string, round: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(directory, round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told: string[] = [];
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => {
      told.push(line);
      if (told.length === count) child.kill('SIGKILL');
    });
    child.once('error', reject);
    lines.once('close', () => resolve(told));
  });
}

describe('the log of a process that is killed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'crash-')), 'segments');
  });
  afterEach(() => rm(join(directory, '..'), { recursive: true }));

  it('has every frame that was accepted, once and whole, and goes on with its numbers', async () => {
    const random = seededRandom(11);
    const told: string[] = [];
    for (let round = 1; round <= 10; round++) {
      const names = await killAfter(1 + Math.floor(random() * 120), directory, round);
      expect(names.length).toBeGreaterThan(0);
      told.push(...names);
    }
    const log = await openLog({ directory, segmentBytes: 200_000, slot: 's' });
    const held: string[] = [];
    for (let seq = 1; seq < log.nextSeq; ) {
      const { frames, gaps, nextSeq } = await log.read(seq, { maxBytes: 1_000_000 });
      expect(gaps).toEqual([]);
      for (const { body } of frames) held.push(/^\d+-\d+/.exec(body.toString('latin1'))![0]);
      seq = nextSeq;
    }
    expect(log.gaps).toEqual([]);
    expect(new Set(held).size).toBe(held.length);
    expect(told.filter((name) => !held.includes(name))).toEqual([]);
    expect(log.totalPoints).toBe(3 * held.length);
    await log.close();
  });
});
