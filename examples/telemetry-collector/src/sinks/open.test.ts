import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryInUseError } from '@breakwater/delivery';
import { systemClock as clock } from '@breakwater/resilience';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config/config.js';
import { DeliverySink } from './delivery/delivery-sink.js';
import { MemoryIntake } from './delivery/memory-intake.suite.js';
import { openSinks } from './open.js';
import { contextOf, metricsOf, someLines } from './sink.suite.js';

describe('opening what is configured', () => {
  let dataDir: string;
  let intake: MemoryIntake;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sinks-'));
    intake = new MemoryIntake();
  });
  afterEach(() => rm(dataDir, { recursive: true }));
  const files = () => readConfig({ DATA_DIR: dataDir }).files;
  const delivery = () => new DeliverySink({ intake, destination: { org: '', bucket: 'b' }, clock });

  it('opens the file sink, for one process only', async () => {
    const sink = await openSinks({ files: files(), delivery: undefined });
    expect(sink.name).toBe('file');
    await sink.write(someLines(3), contextOf());
    await expect(openSinks({ files: files(), delivery: undefined })).rejects.toThrow(DirectoryInUseError);
    await sink.close();
  });

  it('writes to files and to the log when told so', async () => {
    const sink = await openSinks({ files: files(), delivery: delivery() });
    await sink.write(someLines(3), contextOf());
    expect(intake.stored).toEqual(someLines(3));
    expect(metricsOf(sink).get('telemetry_sink_lines_total file written none')).toBe(3);
    expect(metricsOf(sink).get('telemetry_sink_lines_total delivery written none')).toBe(3);
    await sink.close();
  });

  it('writes to the log alone where there are no files', async () => {
    const sink = await openSinks({ files: undefined, delivery: delivery() });
    expect(sink.name).toBe('delivery');
    await sink.close();
  });
});
