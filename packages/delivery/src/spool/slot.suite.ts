import { mkdir } from 'node:fs/promises';
import type { Clock } from '@breakwater/resilience';
import { VirtualClock } from '@breakwater/resilience/testing';
import { LaneGate } from '../lanes/gate.js';
import { disk } from '../storage/storage.js';
import { MemoryBackend } from './memory-backend.suite.js';
import { Slot } from './slot.js';
import { DirectoryLock } from './slot-lock.js';

/** A slot of this process with a lane to each backend; nothing is sent before it is started. */
export async function openTestSlot(
  path: string,
  lanes: readonly string[],
  clock: Clock = new VirtualClock(),
): Promise<Slot> {
  await mkdir(path, { recursive: true });
  const gateTo = (id: string) =>
    new LaneGate({ backend: new MemoryBackend(id), settings: {}, clock, random: () => 0.5 });
  return Slot.open({
    path,
    lock: await DirectoryLock.acquire(path),
    gates: new Map(lanes.map((id) => [id, gateTo(id)])),
    segmentBytes: 4_096,
    isOwn: true,
    storage: disk,
    clock,
    onAccepted: () => {},
  });
}

/** A frame of so many points for every lane. */
export const appendTo = (slot: Slot, body: string, points: number): Promise<void> =>
  slot.log.append([
    {
      meta: { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: 'telemetry' } },
      body: Buffer.from(body),
      points,
    },
  ]);

export const bookOf = (slot: Slot, lane: string) => [...slot.lanes].find(({ id }) => id === lane)!.book;
