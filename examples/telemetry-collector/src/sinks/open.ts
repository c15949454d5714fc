import type { FileConfig } from '../config/files.js';
import { FanOut } from './fan-out.js';
import { openFileSink } from './file/file-sink.js';
import type { Sink } from './sink.js';

export interface OpenSinksOptions {
  files: FileConfig | undefined;
  /** The way into the log, where there are servers. One of both is there. */
  delivery: Sink | undefined;
  /** Told what an operator should know, in a line. */
  onNotice?: (notice: string) => void;
}

/**
 * Opens what the configuration says, as one sink.
 * @throws DirectoryInUseError when another process has the directory of the files.
 */
export async function openSinks({ files, delivery, ...shared }: OpenSinksOptions): Promise<Sink> {
  const opened = files === undefined ? undefined : await openFileSink({ ...files, ...shared });
  const sinks = [opened, delivery].filter((sink) => sink !== undefined);
  return sinks.length === 1 ? sinks[0]! : new FanOut(sinks);
}
