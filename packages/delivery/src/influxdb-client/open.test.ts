import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDurableWriteApi } from './open.js';

describe('openDurableWriteApi, with nobody at the address', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'durable-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = () =>
    openDurableWriteApi({ url: 'http://127.0.0.1:9', org: '', bucket: 'b', directory, closeTimeoutMs: 10 });

  it('has on disk what write was given before it is closed', async () => {
    const api = await open();
    const writes = Promise.all([api.write('m f=1 1'), api.write('m f=1 2')]);
    await Promise.all([writes, api.close()]);
    expect(api.spool.lanes()).toMatchObject([{ pendingPoints: 2 }]);
  });
});
