import { dirname } from 'node:path';
import type { Storage } from '../storage/storage.js';

/**
 * Makes a folder, and those above it that are missing, each of them durable. One by one: what Node offers never returns
 * below `/proc`.
 */
export async function makeFolders(path: string, storage: Storage): Promise<void> {
  if (await isThere(path, storage)) return;
  await makeFolders(dirname(path), storage);
  await storage.makeDirectory(path);
  await storage.syncDirectory(dirname(path));
}

/** What cannot be looked into is there: who uses it hears why. */
function isThere(path: string, storage: Storage): Promise<boolean> {
  return storage.list(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );
}
