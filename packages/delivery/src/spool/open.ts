import { DiskSpool } from './disk-spool.js';
import type { Spool, SpoolOptions } from './spool.js';

/**
 * Opens the first free slot of a folder, and begins to deliver what it holds.
 * @throws ConfigError for options that cannot be used; what the disk says where the folder cannot be opened.
 */
export function openSpool(options: SpoolOptions): Promise<Spool> {
  return DiskSpool.open(options);
}
