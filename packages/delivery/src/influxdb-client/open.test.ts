import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@breakwater/resilience';
import type { WritePrecisionType } from '@influxdata/influxdb-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHeld } from '../spool/slot-lock.js';
import { openDurableWriteApi } from './open.js';

describe('openDurableWriteApi, with nobody at the address', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'durable-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = (precision: WritePrecisionType = 'ns') =>
    openDurableWriteApi({ url: 'http://127.0.0.1:9', org: '', bucket: 'b', precision, directory, closeTimeoutMs: 10 });

  it('has on disk what write was given before it is closed', async () => {
    const api = await open();
    const writes = Promise.all([api.write('m f=1 1'), api.write('m f=1 2')]);
    await Promise.all([writes, api.close()]);
    expect(api.spool.lanes()).toMatchObject([{ pendingPoints: 2 }]);
  });

  it('gives the folder up again when an option cannot be used', async () => {
    await expect(open('m' as WritePrecisionType)).rejects.toThrow(ConfigError);
    expect(await isHeld(join(directory, 'slot-1'))).toBe(false);
  });
});
