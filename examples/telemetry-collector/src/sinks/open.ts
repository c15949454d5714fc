import type { SinkConfig } from '../config/sinks.js';
import { FanOut } from './fan-out.js';
import { openFileSink } from './file/file-sink.js';
import { InfluxSink } from './influx/influx-sink.js';
import type { Sink } from './sink.js';

export interface OpenSinksOptions {
  /** At least one. */
  sinks: readonly SinkConfig[];
  /** Told what an operator should know, in a line. */
  onNotice?: (notice: string) => void;
}

/**
 * Opens what the configuration says, as one sink.
 * @throws DirectoryInUseError when another process has the directory of the files.
 */
export async function openSinks({ sinks, ...shared }: OpenSinksOptions): Promise<Sink> {
  const opened: Sink[] = [];
  try {
    for (const config of sinks) opened.push(await open(config, shared));
  } catch (error) {
    await Promise.all(opened.map((sink) => sink.close()));
    throw error;
  }
  return opened.length === 1 ? opened[0]! : new FanOut(opened);
}

function open(config: SinkConfig, shared: Omit<OpenSinksOptions, 'sinks'>): Promise<Sink> | Sink {
  return config.kind === 'file' ? openFileSink({ ...config, ...shared }) : new InfluxSink({ ...config, ...shared });
}
