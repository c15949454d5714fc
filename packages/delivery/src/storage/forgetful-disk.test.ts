import { seededRandom } from '@breakwater/resilience/testing';
import { describe, expect, it } from 'vitest';
import { CrashError, ForgetfulDisk } from './forgetful-disk.suite.js';

const PATH = '/slot/file';

async function diskWith(seed: number): Promise<ForgetfulDisk> {
  const disk = new ForgetfulDisk({ random: seededRandom(seed) });
  await disk.makeDirectory('/slot');
  await disk.syncDirectory('/');
  return disk;
}

/** What became of it, over many seeds. */
async function outcomes(act: (disk: ForgetfulDisk) => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const disk = await diskWith(seed);
    await act(disk);
    disk.restart();
    seen.add(
      disk
        .files()
        .get(PATH)
        ?.toString('latin1')
        .replaceAll(/(.)\1+/gs, '$1') ?? 'no file',
    );
  }
  return seen;
}

describe('ForgetfulDisk', () => {
  it('keeps what was synced, name and bytes', async () => {
    const seen = await outcomes(async (disk) => {
      const file = await disk.open(PATH, 'create');
      await file.write([Buffer.from('ab')], 0);
      await file.datasync();
      await disk.syncDirectory('/slot');
    });
    expect(seen).toEqual(new Set(['ab']));
  });

  it('may lose a name that was not synced, and bytes that were not', async () => {
    const seen = await outcomes(async (disk) => {
      const file = await disk.open(PATH, 'create');
      await file.write([Buffer.alloc(512, 'a'), Buffer.alloc(512, 'b')], 0);
    });
    expect(seen).toEqual(new Set(['no file', '', 'a', '\0b', 'ab']));
  });

  it('may lose a removal and a cut that were not synced', async () => {
    const write = async (disk: ForgetfulDisk) => {
      const file = await disk.open(PATH, 'create');
      await file.write([Buffer.from('ab')], 0);
      await file.datasync();
      await disk.syncDirectory('/slot');
      return file;
    };
    expect(
      await outcomes(async (disk) => {
        await write(disk);
        await disk.remove(PATH);
      }),
    ).toEqual(new Set(['no file', 'ab']));
    expect(await outcomes(async (disk) => (await write(disk)).truncate(1))).toEqual(new Set(['a', 'ab']));
  });

  it('does nothing any more after a crash, until it is restarted', async () => {
    const disk = await diskWith(1);
    disk.crashBefore(1);
    const file = await disk.open(PATH, 'create');
    await expect(file.write([Buffer.from('a')], 0)).rejects.toThrow(CrashError);
    await expect(file.size()).rejects.toThrow(CrashError);
    await expect(disk.list('/slot')).rejects.toThrow(CrashError);
    disk.restart();
    await expect(file.size()).rejects.toThrow(CrashError);
    await disk.list('/slot');
  });

  it('is full where its capacity ends, and takes what fits', async () => {
    const disk = await diskWith(1);
    disk.capacity = 3;
    const file = await disk.open(PATH, 'create');
    await expect(file.write([Buffer.from('ab'), Buffer.from('cd')], 0)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(`${disk.files().get(PATH)}`).toBe('abc');
    await file.truncate(1);
    await file.write([Buffer.from('xy')], 1);
    expect(`${disk.files().get(PATH)}`).toBe('axy');
  });

  it('fails as it is told, and a failed fdatasync makes nothing certain', async () => {
    const seen = await outcomes(async (disk) => {
      const file = await disk.open(PATH, 'create');
      await disk.syncDirectory('/slot');
      await file.write([Buffer.from('a')], 0);
      disk.failing.datasync = 'EIO';
      await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' });
      disk.failing = {};
      await file.datasync();
    });
    expect(seen).toEqual(new Set(['', 'a']));
  });

  it('flips bits', async () => {
    const disk = await diskWith(1);
    disk.edit(PATH, () => Buffer.from('abc'));
    disk.flip(PATH, 1);
    expect(`${disk.files().get(PATH)}`).toBe('acc');
  });
});
