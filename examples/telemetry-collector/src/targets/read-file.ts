import { open, stat } from 'node:fs/promises';
import { Mistakes, TargetsFileError } from './mistakes.js';

/**
 * Reads a text file of bounded size.
 * @throws TargetsFileError when it cannot be read, is too large, or is no UTF-8.
 */
export async function readTextFile(file: string, maxBytes: number): Promise<string> {
  return decode(file, await readBytes(file, maxBytes));
}

async function readBytes(file: string, maxBytes: number): Promise<Buffer> {
  try {
    // Looked at first: opening a pipe would wait for somebody to write into it.
    if (!(await stat(file)).isFile()) throw unusable(file, 'is no regular file');
    const handle = await open(file);
    try {
      const chunk = Buffer.alloc(Math.min(maxBytes, (await handle.stat()).size) + 1);
      let length = 0;
      for (let bytesRead = -1; bytesRead !== 0 && length < chunk.length; length += bytesRead) {
        ({ bytesRead } = await handle.read(chunk, length, chunk.length - length, length));
      }
      if (length > maxBytes) throw unusable(file, `is larger than ${maxBytes} bytes`);
      return chunk.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TargetsFileError) throw error;
    throw unusable(file, `cannot be read: ${(error as Error).message}`);
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const text = bytes.toString();
    const mistakes = new Mistakes(text);
    mistakes.add(Math.max(0, text.indexOf('\ufffd')), '', 'is no UTF-8');
    throw mistakes.toError(file);
  }
}

const unusable = (file: string, message: string): TargetsFileError =>
  new TargetsFileError(file, [{ line: 1, column: 1, path: '', message }]);
