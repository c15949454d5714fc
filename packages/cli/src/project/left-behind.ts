import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isRendered, type RenderedFile } from '@breakwater/stack';

/** The heading stands at the start. */
const HEAD_BYTES = 512;
const DEEPEST = 6;

/**
 * Files with the heading of a rendered one, that are not rendered any more: in the folder itself, and in and below the
 * folders that something is rendered into. Links are not followed.
 */
export async function leftBehind(folder: string, rendered: readonly RenderedFile[]): Promise<string[]> {
  const known = new Set(rendered.map(({ path }) => path));
  const tops = new Set(rendered.flatMap(({ path }) => (path.includes('/') ? [path.slice(0, path.indexOf('/'))] : [])));
  const candidates = [await filesIn(folder, '', 0)];
  for (const top of tops) candidates.push(await filesIn(folder, top, DEEPEST));
  const found: string[] = [];
  for (const path of candidates.flat()) {
    if (!known.has(path) && isRendered(await headOf(join(folder, path)))) found.push(path);
  }
  return found.sort();
}

/** The files in a folder, and in those below it down to a depth. */
async function filesIn(root: string, folder: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(join(root, folder))) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) found.push(path);
    else if (entry.isDirectory() && depth > 0 && entry.name !== 'node_modules') {
      found.push(...(await filesIn(root, path, depth - 1)));
    }
  }
  return found;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return [];
    throw error;
  }
}

/** Empty for what may not be read: we did not write that. */
async function headOf(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'EACCES'].includes(code)) return '';
    throw error;
  }
}
