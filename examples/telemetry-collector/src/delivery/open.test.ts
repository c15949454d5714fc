import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, systemClock as clock } from '@breakwater/resilience';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config/config.js';
import { openDelivery } from './open.js';

describe('opening the log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'delivery-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = (spoolDir: string) => {
    const env = { INFLUX_URLS: 'http://127.0.0.1:1,http://127.0.0.1:2', INFLUX_BUCKET: 'b', SPOOL_DIR: spoolDir };
    return openDelivery(readConfig(env).delivery!, { clock, onNotice: () => {} });
  };

  it('gives a lane to each server', async () => {
    const delivery = await open(join(folder, 'data', 'spool'));
    expect(delivery.lanes().map(({ backend }) => backend)).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
    expect(delivery.intake.lanes).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
    expect(delivery.directory).toBe(join(folder, 'data', 'spool', 'slot-1'));
    await delivery.close();
  });

  it('takes the next slot where another process has the first', async () => {
    const first = await open(folder);
    const second = await open(folder);
    expect(second.directory).toBe(join(folder, 'slot-2'));
    await first.close();
    await second.close();
  });

  it('says in words what is wrong with the folder', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const error: unknown = await open(join(file, 'spool')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(/^SPOOL_DIR: .*file\/spool cannot be used: .*ENOTDIR/);
  });
});
