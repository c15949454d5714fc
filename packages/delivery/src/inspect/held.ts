import { open, readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** Whether a living process holds the slot: whether anybody listens on its latest lock. Changes nothing. */
export async function isHeld(slot: string): Promise<boolean> {
  const numbers = (await readdir(slot)).flatMap((name) => Number(/^\.lock-(\d{1,15})$/.exec(name)?.[1] ?? []));
  const latest = Math.max(0, ...numbers.filter((number) => !Number.isNaN(number)));
  if (latest === 0) return false;
  // A socket's address is short; on Linux it can go through an open folder.
  const folder = await open(slot, 'r');
  try {
    return await answers(
      process.platform === 'linux' ? `/proc/self/fd/${folder.fd}/.lock-${latest}` : join(slot, `.lock-${latest}`),
    );
  } finally {
    await folder.close();
  }
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // Its queue is full: alive, and busy.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}
