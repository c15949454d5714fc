import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryInUseError, DirectoryLock, isHeld } from './slot-lock.js';

describe('DirectoryLock', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is held by one at a time', async () => {
    const lock = await DirectoryLock.acquire(directory);
    await expect(DirectoryLock.acquire(directory)).rejects.toThrow(DirectoryInUseError);
    await lock.release();
    await (await DirectoryLock.acquire(directory)).release();
  });

  it('is got by one of many that ask at once, first and after a holder that died', async () => {
    for (let round = 0; round < 5; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => DirectoryLock.acquire(directory)));
      const holders = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      const errors = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason as unknown] : []));
      expect(holders).toHaveLength(1);
      expect(errors.every((error) => error instanceof DirectoryInUseError)).toBe(true);
      await holders[0]!.release();
    }
  });

  it('is free when its holder was killed, and leaves one file behind', async () => {
    const holder = spawn(process.execPath, ['-e', holderSource(directory)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await expect(DirectoryLock.acquire(directory)).rejects.toThrow(DirectoryInUseError);
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    const lock = await DirectoryLock.acquire(directory);
    expect(await readdir(directory)).toEqual(['.lock-8']);
    await lock.release();
  });

  it('passes over numbers that lost, and never starts over', async () => {
    await writeFile(join(directory, '.lock-3'), '');
    await writeFile(join(directory, '.lock-11'), '');
    const lock = await DirectoryLock.acquire(directory);
    expect(await readdir(directory)).toEqual(['.lock-12']);
    await lock.release();
    expect(await readdir(directory)).toEqual(['.lock-12']);
  });

  it('can be held in a directory with a long path', async () => {
    const long = join(directory, 'a'.repeat(200), 'b'.repeat(200));
    await mkdir(long, { recursive: true });
    const lock = await DirectoryLock.acquire(long);
    await expect(DirectoryLock.acquire(long)).rejects.toThrow(DirectoryInUseError);
    await lock.release();
  });

  it('tells whether it is held, without a trace', async () => {
    expect(await isHeld(directory)).toBe(false);
    const lock = await DirectoryLock.acquire(directory);
    expect(await isHeld(directory)).toBe(true);
    await lock.release();
    expect(await isHeld(directory)).toBe(false);
    expect(await readdir(directory)).toEqual(['.lock-1']);
  });

  it('says so when there is no such directory', async () => {
    await expect(DirectoryLock.acquire(join(directory, 'none'))).rejects.toThrow(/ENOENT/);
  });
});

/** Another process that holds lock number 7. */
const holderSource = (directory: string): string => `
  process.chdir(${JSON.stringify(directory)});
  require('node:net').createServer((socket) => socket.destroy()).listen('.lock-7', () => console.log('held'));
`;
