import type { Spool, SpoolOptions } from './spool.js';

/**
 * Opens the first free slot of a folder, and begins to deliver what it holds.
 * @throws ConfigError for options that cannot be used; what the disk says where the folder cannot be opened.
 */
export function openSpool(_options: SpoolOptions): Promise<Spool> {
  throw new Error('not built yet');
}
