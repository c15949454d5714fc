import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@breakwater/resilience';
import { startServer } from '@breakwater/testbed';
import { Point } from '@influxdata/influxdb-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDurableWriteApi } from './open.js';

describe('openDurableWriteApi, on InfluxDB 1.6', () => {
  let server: Awaited<ReturnType<typeof startServer<'influxdb'>>>;
  let directory: string;

  beforeAll(async () => {
    server = await startServer('influxdb');
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'durable-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** What can be delivered has half a minute for it. */
  const open = (url: string | string[], closeTimeoutMs = 30_000) =>
    openDurableWriteApi({ url, org: 'o', bucket: server.database, precision: 'ns', directory, closeTimeoutMs });
  /** Instants are longer than a number can tell: they come as text. */
  const times = async (measurement: string): Promise<string[]> => {
    const query = new URLSearchParams({ db: server.database, epoch: 'ns', q: `SELECT * FROM "${measurement}"` });
    const text = await (await fetch(`${server.url}/query?${query}`)).text();
    return [...text.matchAll(/\[(-?\d+),/g)].map(([, time]) => time!);
  };

  it('delivers what was written by the time it is closed, to the digit', async () => {
    const api = await open(server.url);
    api.writePoint(new Point('near').intField('i', 1).timestamp('1763784000123456788'));
    api.writeRecord('near i=2i 1763784000123456789');
    await api.write(new Point('near').intField('i', 3).timestamp(new Date(1_763_784_000_124)));
    await api.close();
    expect(await times('near')).toEqual(['1763784000123456788', '1763784000123456789', '1763784000124000000']);
    expect(() => api.writeRecord('near i=4i')).toThrow('already closed');
    expect(await api.close()).toBeUndefined();
  });

  it('keeps for a server that is away what the other has, and says so', async () => {
    const api = await open([server.url, 'http://127.0.0.1:1'], 8_000);
    api.writeRecord('kept i=1i 1763784000123456789');
    await api.close();
    expect(await times('kept')).toEqual(['1763784000123456789']);
    const again = await open([server.url, 'http://127.0.0.1:1'], 100);
    const pending = again.spool.lanes().map(({ backend, pendingPoints }) => [backend, pendingPoints]);
    await again.close();
    expect(pending).toEqual([
      [server.url, 0],
      ['http://127.0.0.1:1', 1],
    ]);
  });

  it('refuses options out of range', async () => {
    const options = { url: server.url, org: 'o', bucket: 'b', directory, closeTimeoutMs: Number.NaN };
    await expect(openDurableWriteApi(options)).rejects.toThrow(ConfigError);
  });
});
