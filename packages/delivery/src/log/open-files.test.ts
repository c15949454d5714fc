import { describe, expect, it } from 'vitest';
import type { StoredFile } from '../storage/storage.js';
import { OpenFiles } from './open-files.js';

/** Tells what was opened and closed. */
function rig() {
  const told: string[] = [];
  const files = new OpenFiles(async (segment) => {
    told.push(`open ${segment}`);
    const close = async () => {
      told.push(`close ${segment}`);
    };
    return { close } as unknown as StoredFile;
  });
  return { files, told };
}

const nothing = async (): Promise<void> => {};

describe('OpenFiles', () => {
  it('opens a file once for all who read it, and keeps it', async () => {
    const { files, told } = rig();
    await Promise.all([files.use(1, nothing), files.use(1, nothing)]);
    await files.use(1, nothing);
    expect(told).toEqual(['open 1']);
    await files.close();
    expect(told).toEqual(['open 1', 'close 1']);
  });

  it('closes those not used for longest, beyond eight', async () => {
    const { files, told } = rig();
    for (let segment = 1; segment <= 8; segment++) await files.use(segment, nothing);
    await files.use(1, nothing);
    await files.use(9, nothing);
    expect(told.slice(8)).toEqual(['open 9', 'close 2']);
  });

  it('closes a forgotten file when the last who reads it is done', async () => {
    const { files, told } = rig();
    let finish = () => {};
    const reading = files.use(
      1,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await Promise.resolve();
    await files.forget(1);
    expect(told).toEqual(['open 1']);
    finish();
    await reading;
    expect(told).toEqual(['open 1', 'close 1']);
  });

  it('opens a file anew after an error', async () => {
    const { files, told } = rig();
    await expect(files.use(1, () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
    await files.use(1, nothing);
    expect(told).toEqual(['open 1', 'close 1', 'open 1']);
  });
});
