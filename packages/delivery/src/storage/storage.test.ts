import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { disk, writeAll } from './storage.js';

describe('disk', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'storage-'));
    path = join(directory, 'file');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('writes pieces one after the other, the same one twice and more of them than one call takes', async () => {
    const file = await disk.open(path, 'create');
    const piece = Buffer.from('ab');
    const pieces = [Buffer.from('0'), piece, piece, ...Array.from({ length: 2_100 }, () => piece)];
    await file.write(pieces, 3);
    await file.datasync();
    expect(`${await readFile(path)}`).toBe(`\0\0\0${Buffer.concat(pieces)}`);
    await file.truncate(4);
    expect(await file.size()).toBe(4);
    const into = Buffer.alloc(9);
    expect([await file.read(into, 2), `${into}`]).toEqual([2, `\x000${'\0'.repeat(7)}`]);
    await file.close();
  });

  it('keeps files and folders to their owner, creates what is new and opens what is there', async () => {
    await disk.makeDirectory(join(directory, 'slot'));
    await disk.makeDirectory(join(directory, 'slot'));
    await (await disk.open(path, 'create')).close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'slot'))).mode & 0o777).toBe(0o700);
    await expect(disk.open(path, 'create')).rejects.toThrow(/EEXIST/);
    await expect(disk.open(`${path}2`, 'write')).rejects.toThrow(/ENOENT/);
    await expect(disk.makeDirectory(join(directory, 'a', 'b'))).rejects.toThrow(/ENOENT/);
    await disk.rename(path, `${path}2`);
    await disk.syncDirectory(directory);
    expect((await disk.list(directory)).sort()).toEqual(['file2', 'slot']);
    await disk.remove(`${path}2`);
    await disk.remove(`${path}2`);
    expect(await disk.list(directory)).toEqual(['slot']);
  });
});

/** A file that takes fewer bytes in a call than it is given. */
function greedless(take: () => number): { file: Pick<FileHandle, 'write' | 'writev'>; bytes: () => string } {
  const held = Buffer.alloc(200, '.');
  const put = (bytes: Uint8Array, position: number, least: number) => {
    const bytesWritten = Math.min(bytes.length, Math.max(least, take()));
    held.set(bytes.subarray(0, bytesWritten), position);
    return bytesWritten;
  };
  const file = {
    writev: async (pieces: readonly Uint8Array[], position: number) => ({
      bytesWritten: put(Buffer.concat(pieces), position, 0),
    }),
    write: async (bytes: Uint8Array, offset: number, length: number, position: number) => ({
      bytesWritten: put(bytes.subarray(offset, offset + length), position, 1),
    }),
  } as unknown as Pick<FileHandle, 'write' | 'writev'>;
  return { file, bytes: () => `${held}` };
}

describe('writeAll', () => {
  it('writes the rest of what a call did not take', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 8 }),
        fc.array(fc.nat(8), { minLength: 1 }),
        async (texts, takes) => {
          let at = 0;
          const { file, bytes } = greedless(() => takes[at++ % takes.length]!);
          await writeAll(
            file,
            texts.map((each) => Buffer.from(each)),
            2,
          );
          expect(bytes()).toBe(`..${texts.join('')}`.padEnd(200, '.'));
        },
      ),
    );
  });

  it('fails when the disk takes nothing', async () => {
    const file = { writev: async () => ({ bytesWritten: 1 }), write: async () => ({ bytesWritten: 0 }) };
    await expect(writeAll(file as unknown as FileHandle, [Buffer.from('ab')], 0)).rejects.toThrow(/took nothing/);
  });
});
