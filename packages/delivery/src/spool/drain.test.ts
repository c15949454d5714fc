import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VirtualClock } from '@breakwater/resilience/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../backend/backend.js';
import { DELIVERY_CHANNEL, type DeliveryEvent } from '../events/events.js';
import { HandOverError } from '../handover/hand-over.js';
import { normalizeLines } from '../lines/normalize.js';
import { disk, type Storage, type StoredFile } from '../storage/storage.js';
import { MemoryBackend } from './memory-backend.suite.js';
import { openSpool } from './open.js';
import type { HandOver, Spool, SpoolOptions } from './spool.js';

const A = 'http://a:8086';
const B = 'http://b:8086';
/** Longer than any test goes on. */
const LONG_MS = 100_000_000;
const DESTINATION = { org: '', bucket: 'telemetry' };

const line = (number: number): string => `m n=${number}i ${1_700_000_000_000_000_000n + BigInt(number)}`;
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => line(from + at));
const accept = (spool: Spool, from: number, to: number) =>
  spool.intake.accept({
    lines: normalizeLines(Buffer.from(`${numbers(from, to).join('\n')}\n`), { precision: 'ns', nowNs: 0n }),
    destination: DESTINATION,
  });

/** The machine's disk, whose fdatasync of segments waits while the gate is closed. */
class GatedDisk {
  #gate = Promise.resolve();
  #open = () => {};

  close(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  readonly storage: Storage = {
    ...disk,
    open: async (path, how) => {
      const file = await disk.open(path, how);
      return path.includes('/segments/') ? this.#gated(file) : file;
    },
  };

  #gated(file: StoredFile): StoredFile {
    return {
      size: () => file.size(),
      read: (into, position) => file.read(into, position),
      write: (pieces, position) => file.write(pieces, position),
      datasync: async () => {
        await this.#gate;
        await file.datasync();
      },
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  }
}

/** A backend that takes requests and does not answer. */
class HangingBackend extends MemoryBackend {
  readonly #hanging: Array<(answer: Answer) => void> = [];

  get asked(): number {
    return this.#hanging.length;
  }

  override send(): Promise<Answer> {
    return new Promise((resolve) => this.#hanging.push(resolve));
  }

  hangUp(): void {
    const scope = 'backend';
    const answer = { kind: 'hold', reason: 'network', words: 'hung up', scope, mayBeStored: true } as const;
    for (const resolve of this.#hanging) resolve(answer);
  }
}

/** Lets the spool look after its log so many times. */
async function roundsOf(clock: VirtualClock, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await clock.advance(250);
    await pause(5);
  }
}

describe('the end of a spool', () => {
  let directory: string;
  let a: MemoryBackend;
  const opened: Spool[] = [];
  const handedOver: string[] = [];

  const open = async (options: Partial<SpoolOptions> = {}): Promise<Spool> => {
    const spool = await openSpool({ directory, backends: [a], lingerMs: 1, ...options });
    opened.push(spool);
    return spool;
  };
  const handOver: HandOver = async ({ body }) => {
    handedOver.push(...Buffer.concat(body).toString().split('\n').slice(0, -1));
  };
  const pending = (spool: Spool) => spool.lanes().reduce((sum, lane) => sum + lane.pendingPoints + lane.heldPoints, 0);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'spool-'));
    a = new MemoryBackend(A);
    handedOver.length = 0;
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((spool) => spool.close()));
    await rm(directory, { recursive: true });
  });

  it('keeps what is accepted while it closes', async () => {
    const gate = new GatedDisk();
    const first = await open({ storage: gate.storage });
    await accept(first, 0, 10);
    await expect.poll(() => pending(first)).toBe(0);
    gate.close();
    const accepting = accept(first, 10, 20);
    const closing = first.close();
    await new Promise(setImmediate);
    gate.open();
    await Promise.all([accepting, closing]);
    const second = await open();
    await expect.poll(() => pending(second)).toBe(0);
    expect(a.lines).toEqual(numbers(0, 20));
  });

  it('waits in a drain for what is on its way to the disk, and hands that over too', async () => {
    a.isAway = true;
    const gate = new GatedDisk();
    const spool = await open({ storage: gate.storage });
    gate.close();
    const accepting = accept(spool, 0, 10);
    const draining = spool.drain({ deliverMs: 50, timeoutMs: 60_000, handOver });
    await pause(100);
    gate.open();
    await accepting;
    expect(await draining).toEqual({ handedOverPoints: 10, left: new Map() });
    expect(handedOver).toEqual(numbers(0, 10));
  });

  it('hands over what waits while a backend does not answer, and ends in time', async () => {
    const b = new HangingBackend(B);
    const clock = new VirtualClock();
    const spool = await open({ backends: [b], clock, timeoutMs: 60_000, maxInFlight: 1, maxBatchPoints: 10 });
    /** No faster than the disk, which is a real one. */
    const until = async (isSo: () => boolean) => {
      while (!isSo()) {
        await clock.advance(1);
        await pause(1);
      }
    };
    await accept(spool, 0, 10);
    await until(() => b.asked === 1);
    await accept(spool, 10, 20);
    const startedMs = clock.now();
    const draining = spool.drain({ deliverMs: 50, timeoutMs: 30_000, handOver });
    await until(() => handedOver.length > 0);
    const report = await inTime(clock, draining);
    // Not when the backend is given up.
    expect(clock.now() - startedMs).toBeLessThan(60_000);
    expect(report).toEqual({ handedOverPoints: 10, left: new Map([[B, 10]]) });
    expect(handedOver).toEqual(numbers(10, 20));
    b.hangUp();
  });

  it('counts as handed over what a peer has taken, though it became too old on the way', async () => {
    a.isAway = true;
    const clock = new VirtualClock();
    const spool = await open({ clock, maxAgeMs: 1_000 });
    await accept(spool, 0, 10);
    let take = () => {};
    const taking = new Promise<void>((resolve) => {
      take = resolve;
    });
    const slowly: HandOver = async (batch, signal) => {
      await handOver(batch, signal);
      await taking;
    };
    const draining = spool.drain({ deliverMs: 0, timeoutMs: 1_000_000, handOver: slowly });
    await roundsOf(clock, 1);
    await expect.poll(() => handedOver.length).toBe(10);
    await roundsOf(clock, 45);
    take();
    expect(await draining).toEqual({ handedOverPoints: 10, left: new Map() });
  });

  it('offers again what a peer has no lane for, until one that has the lane takes it', async () => {
    const b = new MemoryBackend(B);
    a.isAway = true;
    b.isAway = true;
    const clock = new VirtualClock();
    const spool = await open({ backends: [a, b], clock });
    await accept(spool, 0, 10);
    let refusals = 0;
    const peers: HandOver = async (batch, signal) => {
      if (batch.lanes.includes(B) && refusals++ < 5) throw new HandOverError(409, 'this peer has no lane to it');
      await handOver(batch, signal);
    };
    const troubles = troublesOf();
    const report = await inTime(clock, spool.drain({ deliverMs: 10, timeoutMs: LONG_MS, handOver: peers }));
    expect(report).toEqual({ handedOverPoints: 20, left: new Map() });
    expect(handedOver.sort()).toEqual([...numbers(0, 10), ...numbers(0, 10)].sort());
    expect(troubles()).toEqual([]);
  });

  it('says once, when its time is over, what no peer had a lane for', async () => {
    a.isAway = true;
    const clock = new VirtualClock();
    const spool = await open({ clock });
    await accept(spool, 0, 10);
    let offers = 0;
    const peers: HandOver = async () => {
      if (++offers === 5) await clock.advance(LONG_MS);
      throw new HandOverError(409, 'this peer has no lane to it');
    };
    const troubles = troublesOf();
    const report = await inTime(clock, spool.drain({ deliverMs: 10, timeoutMs: LONG_MS, handOver: peers }));
    expect(report).toEqual({ handedOverPoints: 0, left: new Map([[A, 10]]) });
    expect(offers).toBe(5);
    expect(troubles()).toEqual(['this peer has no lane to it']);
  });
});

/** Time goes on until it is done: what is to end by time alone has to be told so. */
async function inTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const done = promise.finally(() => {
    isOver = true;
  });
  while (!isOver) await roundsOf(clock, 1);
  return done;
}

/** What went wrong with hand-overs from here on, until it is asked. */
function troublesOf(): () => string[] {
  const told: string[] = [];
  const listen = (message: unknown) => {
    const event = message as DeliveryEvent;
    if (event.type === 'trouble' && event.what.startsWith('hand-over')) told.push((event.error as Error).message);
  };
  subscribe(DELIVERY_CHANNEL, listen);
  return () => {
    unsubscribe(DELIVERY_CHANNEL, listen);
    return told;
  };
}
