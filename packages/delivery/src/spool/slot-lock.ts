import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Another process uses the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
  readonly code = 'ERR_DELIVERY_DIRECTORY_IN_USE';

  constructor(directory: string) {
    super(`${directory} is in use by another process; give each process a directory of its own`);
  }
}

/**
 * One process per directory, on one machine and across its containers. Node has no flock, and process ids lie across
 * containers, so the lock is a Unix socket: who can be connected to is alive, however busy; who refuses is gone.
 *
 * Locks are numbered, and the highest is the one that counts. Who finds it dead makes the next: a hard link, so that
 * every number is made once. Who raced for a number that no longer counts sees so when it looks again. The highest is
 * never removed, so that numbers never start over.
 */
export class DirectoryLock {
  readonly #directory: FileHandle;
  readonly #server: Server;

  private constructor(directory: FileHandle, server: Server) {
    this.#directory = directory;
    this.#server = server;
  }

  /** @throws DirectoryInUseError when another process, or another part of this one, holds it. */
  static async acquire(path: string): Promise<DirectoryLock> {
    const directory = await open(path, 'r');
    const candidate = `.lock-new-${randomUUID()}`;
    const server = createServer((socket) => socket.destroy()).unref();
    try {
      await listen(server, addressOf(path, directory, candidate));
      await compete(path, directory, candidate);
      return new DirectoryLock(directory, server);
    } catch (error) {
      await close(server);
      await directory.close();
      throw error;
    } finally {
      await rm(join(path, candidate), { force: true });
    }
  }

  async release(): Promise<void> {
    await close(this.#server);
    await this.#directory.close();
  }
}

/** Whether a living process holds the directory. Changes nothing. */
export async function isHeld(path: string): Promise<boolean> {
  const directory = await open(path, 'r');
  try {
    const [highest] = await numbersIn(path);
    return highest !== undefined && (await isAlive(addressOf(path, directory, nameOf(highest))));
  } finally {
    await directory.close();
  }
}

const LOCK = /^\.lock-(\d{1,15})$/;
const nameOf = (number: number): string => `.lock-${number}`;

/** Returns when `candidate` is the lock that counts. */
async function compete(path: string, directory: FileHandle, candidate: string): Promise<void> {
  for (;;) {
    const [highest = 0] = await numbersIn(path);
    if (highest > 0 && (await isAlive(addressOf(path, directory, nameOf(highest)))))
      throw new DirectoryInUseError(path);
    if (!(await isMade(join(path, candidate), join(path, nameOf(highest + 1))))) continue;
    const [now, ...outdated] = await numbersIn(path);
    if (now !== highest + 1) continue;
    await Promise.all(outdated.map((number) => rm(join(path, nameOf(number)), { force: true })));
    return;
  }
}

/** The numbers of the locks, highest first. */
async function numbersIn(path: string): Promise<number[]> {
  const numbers = (await readdir(path)).flatMap((name) => {
    const number = LOCK.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.sort((a, b) => b - a);
}

/** Makes the lock; false: somebody else just did. */
async function isMade(candidate: string, lock: string): Promise<boolean> {
  try {
    await link(candidate, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Nobody listens; or the lock is outdated and was removed, which the next look will show.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // Its queue is full: alive, and busy.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

/** Addresses of sockets are short (108 bytes), directories are not: Linux has a way round through an open directory. */
function addressOf(path: string, directory: FileHandle, name: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${directory.fd}/${name}` : join(path, name);
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
