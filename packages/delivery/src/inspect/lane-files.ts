import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaneCheckpoint } from '../book/checkpoint.js';
import { CheckpointError, decodeSlot, SLOT_BYTES } from '../book/checkpoint-codec.js';
import { readCheckpoint } from '../book/checkpoint-file.js';
import { linesOf } from '../quarantine/file-lines.js';
import { decodeHeader, decodeLine, QuarantineError } from '../quarantine/line-codec.js';
import type { QuarantinedLine } from '../quarantine/quarantine.js';
import { lanesIn } from '../spool/layout.js';
import { disk } from '../storage/storage.js';
import { namesIn } from './slots.js';

/** The files of one lane in one slot. */
export interface LaneOnDisk {
  readonly checkpointFile: string;
  readonly quarantineFile: string;
  readonly releaseFile: string;
  /** False: the lane was given up, and only its quarantine file is left. */
  readonly hasCheckpoint: boolean;
  /** Undefined: it is not there, or cannot be read. */
  readonly checkpoint: LaneCheckpoint | undefined;
  /** Why it cannot be read, in words. */
  readonly trouble: string | undefined;
}

export type QuarantineEntry =
  | { readonly kind: 'line'; readonly line: QuarantinedLine }
  | { readonly kind: 'header'; readonly lane: string; readonly givenUpLines: number }
  | { readonly kind: 'damage'; readonly file: string; readonly offset: number; readonly what: string };

/** The lanes of a slot that have a file. */
export async function lanesOf(slot: string): Promise<LaneOnDisk[]> {
  const folder = lanesIn(slot);
  const digests = (await namesIn(folder)).flatMap(
    (name) => /^([0-9a-f]{16})\.(?:checkpoint|quarantine)$/.exec(name)?.[1] ?? [],
  );
  return Promise.all([...new Set(digests)].sort().map((digest) => laneOf(join(folder, digest))));
}

async function laneOf(path: string): Promise<LaneOnDisk> {
  const files = {
    checkpointFile: `${path}.checkpoint`,
    quarantineFile: `${path}.quarantine`,
    releaseFile: `${path}.release`,
  };
  try {
    const checkpoint = await readCheckpoint(files.checkpointFile);
    return { ...files, hasCheckpoint: checkpoint !== undefined, checkpoint, trouble: undefined };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return { ...files, hasCheckpoint: true, checkpoint: undefined, trouble: error.message };
  }
}

/** Where in the checkpoint file a copy is damaged that the other one stands in for. Nobody may be writing to it. */
export async function damagedCopies({ checkpointFile }: LaneOnDisk): Promise<number[]> {
  const file = await disk.open(checkpointFile, 'read');
  try {
    const bytes = Buffer.alloc(SLOT_BYTES);
    const offsets: number[] = [];
    for (const offset of [0, SLOT_BYTES]) {
      const read = await file.read(bytes, offset);
      const wasWritten = read < SLOT_BYTES || bytes.some((byte) => byte !== 0);
      if (wasWritten && decodeSlot(bytes.subarray(0, read)) === undefined) offsets.push(offset);
    }
    return offsets;
  } finally {
    await file.close();
  }
}

export const isReleased = (lane: LaneOnDisk): Promise<boolean> =>
  access(lane.releaseFile).then(
    () => true,
    () => false,
  );

/** The lines of a quarantine file, and what is damaged in it. What is half-written at its end is neither. */
export async function* quarantinedOf({ quarantineFile: path }: LaneOnDisk): AsyncGenerator<QuarantineEntry> {
  const file = await disk.open(path, 'read').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (file === undefined) return;
  try {
    for await (const { offset, bytes } of linesOf(file)) yield entryOf(path, offset, bytes);
  } finally {
    await file.close();
  }
}

function entryOf(file: string, offset: number, bytes: Buffer | undefined): QuarantineEntry {
  try {
    if (offset === 0) return { kind: 'header', ...decodeHeader(bytes, file) };
    const line = bytes === undefined ? undefined : decodeLine(bytes);
    return line === undefined
      ? { kind: 'damage', file, offset, what: 'bytes that are no quarantined line' }
      : { kind: 'line', line };
  } catch (error) {
    if (!(error instanceof QuarantineError)) throw error;
    return { kind: 'damage', file, offset, what: error.message };
  }
}
