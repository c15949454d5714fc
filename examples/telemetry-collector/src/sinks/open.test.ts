import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config/config.js';
import { DirectoryInUseError } from './file/directory-lock.js';
import { FakeInflux } from './influx/fake-influx.suite.js';
import { openSinks } from './open.js';
import { contextOf, metricsOf, someLines } from './sink.suite.js';

describe('opening what is configured', () => {
  let dataDir: string;
  let influx: FakeInflux;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sinks-'));
    influx = await FakeInflux.start('2.x');
  });
  afterEach(async () => {
    await influx.stop();
    await rm(dataDir, { recursive: true });
  });
  const configured = (env: Record<string, string>) => readConfig({ DATA_DIR: dataDir, ...env }).sinks;

  it('opens the file sink by default, and one process only', async () => {
    const sink = await openSinks({ sinks: configured({}) });
    expect(sink.name).toBe('file');
    await sink.write(someLines(3), contextOf());
    await expect(openSinks({ sinks: configured({}) })).rejects.toThrow(DirectoryInUseError);
    await sink.close();
  });

  it('writes to files and to every InfluxDB when told so', async () => {
    const other = await FakeInflux.start('1.6');
    const env = { FILE_SINK: 'on', INFLUX_URLS: `${influx.address},${other.address}`, INFLUX_BUCKET: 'b' };
    const sink = await openSinks({ sinks: configured(env) });
    await sink.write(someLines(3), contextOf());
    expect(influx.stored).toEqual(someLines(3));
    expect(other.stored).toEqual(someLines(3));
    expect(metricsOf(sink).get('telemetry_sink_lines_total file written none')).toBe(3);
    await sink.close();
    await other.stop();
  });

  it('gives back what it has opened when the rest cannot be opened', async () => {
    const first = await openSinks({ sinks: configured({}) });
    const [file] = configured({ DATA_DIR: join(dataDir, 'other') });
    await expect(openSinks({ sinks: [file!, ...configured({})] })).rejects.toThrow(DirectoryInUseError);
    await first.close();
    await (await openSinks({ sinks: [file!] })).close();
  });
});
