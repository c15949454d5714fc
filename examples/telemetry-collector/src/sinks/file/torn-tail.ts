import { type FileHandle, open } from 'node:fs/promises';

const CHUNK = 64 * 1024;
const LINE_END = 0x0a;

/**
 * Cuts off what a crash left of a half-written line and puts it into `<path>.torn`: ended with a line end it would look
 * like a point, with a number that lacks its last digits. Nothing in it was ever reported as stored.
 *
 * @returns how many bytes the file has now, and how many were moved.
 */
export async function cutTornTail(path: string): Promise<{ size: number; torn: number }> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const whole = await endOfLastLine(file, size);
    if (whole < size) {
      await moveAside(file, whole, size, `${path}.torn`);
      await file.truncate(whole);
      await file.datasync();
    }
    return { size: whole, torn: size - whole };
  } finally {
    await file.close();
  }
}

/** The offset behind the last line end. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
}

async function moveAside(file: FileHandle, from: number, to: number, path: string): Promise<void> {
  const aside = await open(path, 'a', 0o600);
  try {
    const chunk = Buffer.alloc(CHUNK);
    for (let at = from; at < to; ) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK, to - at), at);
      if (bytesRead === 0) break;
      await aside.appendFile(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
    await aside.appendFile('\n');
    await aside.datasync();
  } finally {
    await aside.close();
  }
}
