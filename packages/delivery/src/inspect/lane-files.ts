import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaneCheckpoint } from '../book/checkpoint.js';
import type { QuarantinedLine } from '../quarantine/quarantine.js';
import { lanesIn } from '../spool/layout.js';
import { namesIn } from './slots.js';

/** The files of one lane in one slot. */
export interface LaneOnDisk {
  readonly checkpointFile: string;
  readonly quarantineFile: string;
  readonly releaseFile: string;
  /** Undefined: it cannot be read, or is not there yet. */
  readonly checkpoint: LaneCheckpoint | undefined;
}

export type QuarantineEntry =
  | { readonly kind: 'line'; readonly line: QuarantinedLine }
  | { readonly kind: 'damage'; readonly file: string; readonly offset: number };

export const isReleased = (lane: LaneOnDisk): Promise<boolean> =>
  access(lane.releaseFile).then(
    () => true,
    () => false,
  );

/** The lanes of a slot that have a file. */
export async function lanesOf(slot: string): Promise<LaneOnDisk[]> {
  const folder = lanesIn(slot);
  const digests = (await namesIn(folder)).flatMap(
    (name) => /^([0-9a-f]{16})\.(?:checkpoint|quarantine)$/.exec(name)?.[1] ?? [],
  );
  return Promise.all(
    [...new Set(digests)].sort().map(async (digest) => {
      const path = join(folder, digest);
      return {
        checkpointFile: `${path}.checkpoint`,
        quarantineFile: `${path}.quarantine`,
        releaseFile: `${path}.release`,
        checkpoint: undefined,
      };
    }),
  );
}

export async function* quarantinedOf(_lane: LaneOnDisk): AsyncGenerator<QuarantineEntry> {}
