import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../book/checkpoint-file.js';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '../events/events.js';
import { normalizeLines } from '../lines/normalize.js';
import { disk, type Storage } from '../storage/storage.js';
import { Adoption } from './adoption.js';
import { laneFiles } from './layout.js';
import { MemoryBackend } from './memory-backend.suite.js';
import { openSpool } from './open.js';
import type { Slot } from './slot.js';
import { appendTo, openTestSlot } from './slot.suite.js';
import { DirectoryLock } from './slot-lock.js';
import { SlotSet } from './slot-set.js';
import type { DrainReport, Spool, SpoolOptions } from './spool.js';

const A = 'http://a:8086';
const B = 'http://b:8086';

const line = (number: number): string => `m n=${number}i ${1_700_000_000_000_000_000n + BigInt(number)}`;
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => line(from + at));
const accept = (spool: Spool, from: number, to: number) =>
  spool.intake.accept({
    lines: normalizeLines(Buffer.from(`${numbers(from, to).join('\n')}\n`), { precision: 'ns', nowNs: 0n }),
    destination: { org: '', bucket: 'telemetry' },
  });

describe('a spool among the folders of others', () => {
  let directory: string;
  let clock: VirtualClock;
  let a: MemoryBackend;
  /** Its checkpoints cannot be written. */
  let unwritable: string;
  const opened: Spool[] = [];

  /** The segments of this folder cannot be read before the gate is opened. */
  let unreadable: string;
  let isReading: boolean;
  let gate: Promise<void>;
  let openGate: () => void;

  const storage: Storage = {
    ...disk,
    open: async (path, how) => {
      if (path.startsWith(`${unreadable}/segments/`)) {
        isReading = true;
        await gate;
      }
      const file = await disk.open(path, how);
      const write = file.write.bind(file);
      file.write = (pieces, position) => {
        if (path.startsWith(`${unwritable}/`) && path.includes('.checkpoint')) throw new Error('EIO');
        return write(pieces, position);
      };
      return file;
    },
  };
  const open = async (options: Partial<SpoolOptions> = {}): Promise<Spool> => {
    const spool = await openSpool({ directory, backends: [a], lingerMs: 0, clock, storage, ...options });
    opened.push(spool);
    return spool;
  };
  const slot = (number: number): string => join(directory, `slot-${number}`);
  /** Lets the spools look after their folders so many times. */
  const rounds = async (count: number, everyMs = 250): Promise<void> => {
    for (let round = 0; round < count; round++) {
      await clock.advance(everyMs);
      await pause(4);
    }
  };
  /** Lets them do so until something has happened. */
  const until = async (hasHappened: () => boolean | Promise<boolean>, everyMs = 250): Promise<void> => {
    for (const endMs = performance.now() + 30_000; performance.now() < endMs; ) {
      if (await hasHappened()) return;
      await rounds(1, everyMs);
    }
    throw new Error('it has not happened');
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spool-'));
    clock = new VirtualClock();
    a = new MemoryBackend(A);
    unwritable = 'none';
    unreadable = 'none';
    isReading = false;
    gate = new Promise((resolve) => {
      openGate = resolve;
    });
  });
  afterEach(async () => {
    unwritable = 'none';
    openGate();
    await Promise.allSettled(opened.splice(0).map((spool) => spool.close()));
    await rm(directory, { recursive: true });
  });

  /** A process that is gone leaves ten points for a backend; the next one has slot 2, and cannot read what is left. */
  const leaveUnreadable = async (): Promise<Spool> => {
    const away = new MemoryBackend(A);
    away.isAway = true;
    const dead = await open({ backends: [away] });
    await accept(dead, 0, 10);
    const spool = await open();
    await rounds(2);
    await dead.close();
    unreadable = slot(1);
    return spool;
  };
  const released = async (number: number) =>
    (await readCheckpoint(laneFiles(slot(number), A).checkpoint))?.totals.released;

  it('puts its own books on disk while it reads what a dead process has left', async () => {
    const spool = await leaveUnreadable();
    await until(() => isReading);
    await accept(spool, 10, 20);
    await until(async () => (await released(2)) === 10);
    openGate();
    await until(async () => (await released(1)) === 10);
    expect(a.lines.toSorted()).toEqual(numbers(0, 20).toSorted());
  });

  it('ends when it has read what it had begun to', async () => {
    const spool = await leaveUnreadable();
    await until(() => isReading);
    let isClosed = false;
    const closing = spool.close().then(() => {
      isClosed = true;
    });
    await pause(20);
    expect(isClosed).toBe(false);
    openGate();
    await closing;
    expect((await open()).directory).toBe(slot(1));
  });

  it('hands over in a drain what it had begun to read', async () => {
    const spool = await leaveUnreadable();
    a.isAway = true;
    await until(() => isReading);
    let report: DrainReport | undefined;
    const handOver = async () => {};
    const draining = spool.drain({ deliverMs: 0, timeoutMs: 600_000, handOver }).then((said) => {
      report = said;
    });
    openGate();
    await until(() => report !== undefined, 1);
    await draining;
    expect(report).toEqual({ handedOverPoints: 10, left: new Map() });
  });

  it('reads one that holds nothing for its own backends every ten minutes, and says no more of it', async () => {
    const readAtMs: number[] = [];
    const said: string[] = [];
    const hear = (event: unknown) => {
      const { type } = event as DeliveryEvent;
      said.push(type);
      if (type === 'lane.orphaned') readAtMs.push(clock.now());
    };
    const away = new MemoryBackend(B);
    away.isAway = true;
    const dead = await open({ backends: [away] });
    await accept(dead, 0, 10);
    await open();
    await dead.close();
    subscribe(DELIVERY_CHANNEL, hear);
    try {
      await until(() => readAtMs.length === 2, 4_000);
      expect(readAtMs[1]! - readAtMs[0]!).toBeGreaterThanOrEqual(600_000);
      expect(said.filter((type) => type.startsWith('slot.'))).toEqual([]);
    } finally {
      unsubscribe(DELIVERY_CHANNEL, hear);
    }
  });

  it('passes over one that cannot be opened, and delivers what is in the next', async () => {
    const away = [1, 2].map(() => new MemoryBackend(A));
    for (const each of away) each.isAway = true;
    const dead = [await open({ backends: [away[0]!] }), await open({ backends: [away[1]!] })];
    await accept(dead[0]!, 0, 10);
    await accept(dead[1]!, 10, 20);
    await open();
    for (const each of dead) await each.close();
    await writeFile(laneFiles(slot(1), A).checkpoint, 'broken');
    await until(() => a.lines.length > 0);
    expect(a.lines).toEqual(numbers(10, 20));
  });

  it('heeds the operator, who gives up a lane of a dead process', async () => {
    const away = new MemoryBackend(B);
    away.isAway = true;
    const dead = await open({ backends: [away] });
    await accept(dead, 0, 10);
    await open();
    await dead.close();
    const { release, checkpoint } = laneFiles(slot(1), B);
    await writeFile(release, '');
    await until(async () => {
      const names = await readdir(join(slot(1), 'lanes'));
      return names.every((name) => ![release, checkpoint].join().includes(name));
    });
  });

  it('goes on with its own while another cannot be written, and gives up everything at its end', async () => {
    const away = new MemoryBackend(A);
    away.isAway = true;
    const dead = await open({ backends: [away] });
    await accept(dead, 0, 10);
    const spool = await open({ segmentBytes: 4_096 });
    a.isAway = true;
    await dead.close();
    await until(() => spool.lanes()[0]!.pendingPoints === 10);
    unwritable = slot(1);
    a.isAway = false;
    for (let from = 10; from < 1_000; from += 90) await accept(spool, from, from + 90);
    await until(() => a.lines.length >= 1_000);
    expect(new Set(a.lines)).toEqual(new Set(numbers(0, 1_000)));
    await until(async () => (await readdir(join(slot(2), 'segments'))).length === 1);
    unwritable = slot(2);
    await accept(spool, 1_000, 1_010);
    await expect(spool.close()).rejects.toThrow('EIO');
    expect(a.isClosed).toBe(true);
    unwritable = 'none';
    expect([(await open()).directory, (await open()).directory]).toEqual([slot(1), slot(2)]);
  });
});

describe('the adoption of slots', () => {
  it('opens one at a time, and none after its end', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'adoption-'));
    const slots = new SlotSet(await openTestSlot(join(directory, 'slot-9'), [A]));
    const opening: Array<(slot: Slot) => void> = [];
    const adoption = new Adoption({
      slots,
      abandoned: {
        next: async () => ({ path: join(directory, 'slot-1'), lock: await DirectoryLock.acquire(directory) }),
        passOver: () => {},
      },
      open: () => new Promise((resolve) => opening.push(resolve)),
      tidy: async () => {},
    });
    const look = async () => {
      adoption.begin();
      await pause(10);
    };
    try {
      await look();
      await expect.poll(() => opening.length).toBe(1);
      await look();
      await look();
      expect(opening).toHaveLength(1);
      let isOver = false;
      const ending = adoption.end().then(() => {
        isOver = true;
      });
      await look();
      expect(isOver).toBe(false);
      const found = await openTestSlot(join(directory, 'slot-1'), [A]);
      await appendTo(found, 'm v=1 1\n', 1);
      opening[0]!(found);
      await ending;
      await look();
      expect(opening).toHaveLength(1);
      expect(slots.all.map(({ name }) => name)).toEqual(['slot-1', 'slot-9']);
    } finally {
      for (const slot of slots.all) await slot.close();
      await rm(directory, { recursive: true });
    }
  });
});
