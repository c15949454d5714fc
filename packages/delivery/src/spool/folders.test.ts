import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForgetfulDisk } from '../storage/forgetful-disk.suite.js';
import { disk } from '../storage/storage.js';
import { makeFolders } from './folders.js';
import { MemoryBackend } from './memory-backend.suite.js';
import { openSpool } from './open.js';

describe('the folder of a spool', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'folders-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is made with those above it, for its owner alone', async () => {
    const path = join(directory, 'a', 'b', 'spool');
    const spool = await openSpool({ directory: path, backends: [new MemoryBackend('http://a:8086')] });
    expect(spool.directory).toBe(join(path, 'slot-1'));
    await spool.close();
    for (const each of ['a', 'a/b', 'a/b/spool']) {
      expect((await stat(join(directory, each))).mode & 0o777, each).toBe(0o700);
    }
  });

  it('is there after a crash, and so are those above it', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const forgetful = new ForgetfulDisk({ random: seededRandom(seed) });
      await makeFolders('/a/b/spool', forgetful);
      forgetful.restart();
      expect(await forgetful.list('/a/b/spool')).toEqual([]);
    }
  });

  it('is left as it is where it exists', async () => {
    const forgetful = new ForgetfulDisk({ random: seededRandom(1) });
    await makeFolders('/spool', forgetful);
    const operations = forgetful.operations.length;
    await makeFolders('/spool', forgetful);
    expect(forgetful.operations).toHaveLength(operations);
  });

  it('says so where it cannot be made', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(makeFolders(join(directory, 'file', 'a', 'spool'), disk)).rejects.toThrow(/ENOTDIR/);
    await expect(makeFolders('/proc/none/a/spool', disk)).rejects.toThrow(/ENOENT/);
  });
});
