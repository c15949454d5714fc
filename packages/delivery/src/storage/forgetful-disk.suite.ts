import { dirname } from 'node:path';
import type { Random } from '@breakwater/resilience';
import type { Storage, StoredFile } from './storage.js';

/** What the disk tears: a sector is on it, or is not. */
const SECTOR_BYTES = 512;

/** Every operation of the disk fails with this once it has crashed: the process that asked is dead. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** A write, or a cut, that was not synced yet. */
type Change = { readonly position: number; readonly bytes: Buffer } | { readonly size: number };

/** The bytes of one file: `durable` is what a crash cannot take, `now` what is read. */
interface Inode {
  path: string;
  durable: Buffer;
  now: Buffer;
  unsynced: Change[];
}

/**
 * A disk in memory that forgets what was not synced. `fdatasync` makes a file's bytes durable, `syncDirectory` its name.
 *
 * ```ts
 * const disk = new ForgetfulDisk({ random: seededRandom(1) });
 * disk.crashBefore(12);                    // the twelfth operation from now does not happen, nor does any later one
 * …                                        // runs until something throws CrashError
 * disk.restart();                          // what was not synced survives or not, sector by sector
 * disk.flip('/slot/segments/0000000000000001.log', 100);
 * ```
 *
 * The root folder `/` exists.
 */
export class ForgetfulDisk implements Storage {
  /**
   * The codes that operations of a kind fail with: `disk.failing = { datasync: 'EIO' }`. A write that fails may have
   * written some of its bytes; an fdatasync that fails may have brought some sectors to the disk, and the others
   * never get there, as on Linux, though they are still read.
   */
  failing: { [O in Operation]?: string } = {};
  /** Bytes that fit on the disk: a write beyond writes what fits, and fails with ENOSPC. */
  capacity = Number.POSITIVE_INFINITY;
  /** What was done, `write /slot/file` for one. */
  readonly operations: string[] = [];
  readonly #random: Random;
  #crashIn = Number.POSITIVE_INFINITY;
  #generation = 0;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #directories = new Set(['/']);
  #durableDirectories = new Set(['/']);

  constructor({ random }: { random: Random }) {
    this.#random = random;
  }

  /** The disk takes `count` more operations. Counted are all but `read`, `size`, `list` and `close`. */
  crashBefore(count: number): void {
    this.#crashIn = count;
  }

  get hasCrashed(): boolean {
    return this.#crashIn < 0;
  }

  /** The machine is switched off, and on again. Files that are open are of no use any more. */
  restart(): void {
    this.#generation++;
    this.#crashIn = Number.POSITIVE_INFINITY;
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) this.#settleName(name);
    this.#names = new Map(this.#durableNames);
    for (const path of this.#directories) if (this.#tosses()) this.#durableDirectories.add(path);
    this.#directories = new Set(this.#durableDirectories);
    for (const inode of new Set(this.#names.values())) this.#settleBytes(inode);
  }

  /** The process is killed: the machine's memory stays. */
  kill(): void {
    this.#generation++;
    this.#crashIn = Number.POSITIVE_INFINITY;
  }

  /** Every file, by its path. */
  files(): Map<string, Buffer> {
    return new Map([...this.#names].sort().map(([path, { now }]) => [path, Buffer.from(now)]));
  }

  /** Changes one bit, durably. */
  flip(path: string, position: number, bit = 0): void {
    this.edit(path, (bytes) => {
      bytes[position]! ^= 1 << bit;
      return bytes;
    });
  }

  /** Puts other bytes in place of a file's, durably, and under the hands of who has it open; makes it where there is none. */
  edit(path: string, change: (bytes: Buffer) => Buffer): void {
    const inode = this.#names.get(path) ?? { path, durable: Buffer.alloc(0), now: Buffer.alloc(0), unsynced: [] };
    inode.now = change(Buffer.from(inode.now));
    inode.durable = inode.now;
    inode.unsynced = [];
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#step('makeDirectory', path);
    if (!this.#directories.has(dirname(path))) throw failure('ENOENT', `mkdir ${path}`);
    this.#directories.add(path);
  }

  async list(path: string): Promise<string[]> {
    this.#alive(this.#generation);
    if (!this.#directories.has(path)) throw failure('ENOENT', `scandir ${path}`);
    const within = [...this.#names.keys(), ...this.#directories].filter(
      (name) => name !== '/' && dirname(name) === path,
    );
    return within.map((name) => name.slice(path === '/' ? 1 : path.length + 1));
  }

  async open(path: string, how: 'create' | 'write' | 'read'): Promise<StoredFile> {
    if (how === 'create') this.#step('open', path);
    else this.#alive(this.#generation);
    const found = this.#names.get(path);
    if (how !== 'create') {
      if (found === undefined) throw failure('ENOENT', `open ${path}`);
      return this.#handle(found, how);
    }
    if (found !== undefined) throw failure('EEXIST', `open ${path}`);
    if (!this.#directories.has(dirname(path))) throw failure('ENOENT', `open ${path}`);
    const inode: Inode = { path, durable: Buffer.alloc(0), now: Buffer.alloc(0), unsynced: [] };
    this.#names.set(path, inode);
    return this.#handle(inode, how);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename', `${from} ${to}`);
    const inode = this.#names.get(from);
    if (inode === undefined) throw failure('ENOENT', `rename ${from}`);
    this.#names.delete(from);
    this.#names.set(to, inode);
    inode.path = to;
  }

  async remove(path: string): Promise<void> {
    this.#step('remove', path);
    this.#names.delete(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#step('syncDirectory', path);
    if (!this.#directories.has(path)) throw failure('ENOENT', `open ${path}`);
    for (const name of this.#durableNames.keys()) if (dirname(name) === path) this.#durableNames.delete(name);
    for (const [name, inode] of this.#names) if (dirname(name) === path) this.#durableNames.set(name, inode);
    for (const name of this.#directories) if (dirname(name) === path) this.#durableDirectories.add(name);
  }

  #handle(inode: Inode, how: string): StoredFile {
    const generation = this.#generation;
    const change = (operation: 'write' | 'datasync' | 'truncate') => {
      this.#alive(generation);
      if (how === 'read') throw failure('EBADF', `${operation} ${inode.path}`);
    };
    return {
      size: async () => {
        this.#alive(generation);
        return inode.now.length;
      },
      read: async (into, position) => {
        this.#alive(generation);
        const bytes = inode.now.subarray(position, position + into.length);
        into.set(bytes);
        return bytes.length;
      },
      write: async (pieces, position) => {
        change('write');
        const bytes = Buffer.concat(pieces);
        const fits = this.#fitting(inode, bytes, position);
        const code = this.failing.write;
        try {
          this.#step('write', inode.path);
        } catch (error) {
          // What fails half-way has written something all the same.
          if (code !== undefined) apply(inode, { position, bytes: bytes.subarray(0, this.#upTo(fits)) });
          throw error;
        }
        apply(inode, { position, bytes: bytes.subarray(0, fits) });
        if (fits < bytes.length) throw failure('ENOSPC', `write ${inode.path}`);
      },
      datasync: async () => {
        change('datasync');
        const code = this.failing.datasync;
        try {
          this.#step('datasync', inode.path);
        } catch (error) {
          // Some sectors got there, the others are not tried again: the kernel says so once.
          if (code !== undefined) this.#settleBytes(inode, 'keep what is read');
          throw error;
        }
        // Not simply what is read: what an earlier fdatasync failed to write is not tried again.
        const onDisk: Inode = { ...inode, now: inode.durable, unsynced: [] };
        for (const unsynced of inode.unsynced) apply(onDisk, unsynced);
        inode.durable = onDisk.now;
        inode.unsynced = [];
      },
      truncate: async (size) => {
        change('truncate');
        this.#step('truncate', inode.path);
        apply(inode, { size });
      },
      close: async () => {},
    };
  }

  #step(operation: Operation, path: string): void {
    this.#alive(this.#generation);
    if (this.#crashIn-- <= 0) {
      this.#crashIn = -1;
      throw new CrashError(`crashed before ${operation} ${path}`);
    }
    this.operations.push(`${operation} ${path}`);
    const code = this.failing[operation];
    if (code !== undefined) throw failure(code, `${operation} ${path}`);
  }

  #alive(generation: number): void {
    if (this.hasCrashed || generation !== this.#generation) throw new CrashError('the process is dead');
  }

  /** How many of the bytes there is room for. */
  #fitting(inode: Inode, bytes: Buffer, position: number): number {
    const used = [...new Set(this.#names.values())].reduce((sum, { now }) => sum + now.length, 0);
    const room = inode.now.length - position + Math.max(0, this.capacity - used);
    return Math.max(0, Math.min(bytes.length, room));
  }

  #tosses(): boolean {
    return this.#random() < 0.5;
  }

  #upTo(count: number): number {
    return Math.floor(this.#random() * (count + 1));
  }

  #settleName(name: string): void {
    if (this.#names.get(name) === this.#durableNames.get(name) || this.#tosses()) return;
    const inode = this.#names.get(name);
    if (inode === undefined) this.#durableNames.delete(name);
    else this.#durableNames.set(name, inode);
  }

  /** Each sector that was written and not synced is on the disk, or it is not; so is each cut. */
  #settleBytes(inode: Inode, reading: 'keep what is read' | 'read the disk' = 'read the disk'): void {
    const disk: Inode = { ...inode, now: inode.durable, unsynced: [] };
    for (const change of inode.unsynced) {
      if ('size' in change) {
        if (this.#tosses()) apply(disk, change);
      } else this.#settleWrite(disk, change.position, change.bytes);
    }
    inode.durable = disk.now;
    inode.unsynced = [];
    if (reading === 'read the disk') inode.now = disk.now;
  }

  #settleWrite(disk: Inode, position: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, (Math.floor((position + at) / SECTOR_BYTES) + 1) * SECTOR_BYTES - position);
      if (this.#tosses()) apply(disk, { position: position + at, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }
}

type Operation = 'makeDirectory' | 'open' | 'rename' | 'remove' | 'syncDirectory' | 'write' | 'datasync' | 'truncate';

/** What lies between the end and a write beyond it is zeros, as it is on a real disk. */
function apply(inode: Inode, change: Change): void {
  inode.unsynced.push(change);
  const size = 'size' in change ? change.size : Math.max(inode.now.length, change.position + change.bytes.length);
  const bytes = Buffer.alloc(size);
  inode.now.copy(bytes);
  if ('bytes' in change) change.bytes.copy(bytes, change.position);
  inode.now = bytes;
}

const failure = (code: string, what: string): Error => Object.assign(new Error(`${code}: ${what}`), { code });
