import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointFile } from '../book/checkpoint-file.js';
import { LaneBook } from '../book/lane-book.js';
import type { FrameSummary } from '../frames/frame.js';
import { openLog } from '../log/log.js';
import { laneFiles, lanesIn, segmentsIn, slotName } from '../spool/layout.js';

export const A = 'http://influx-a:8086';
export const B = 'http://influx-b:8086';

export interface TestSpool extends AsyncDisposable {
  readonly directory: string;
  readonly slot: string;
}

/** A folder with slot-1: 10 frames of 1, 2, 3, … lines; A has had the first four, of which one line was refused. */
export async function testSpool(): Promise<TestSpool> {
  const directory = await mkdtemp(join(tmpdir(), 'spool-'));
  const slot = join(directory, slotName(1));
  await mkdir(lanesIn(slot), { recursive: true });
  const books = [A, B].map((lane) => new LaneBook({ lane, startSeq: 1 }));
  for (const book of books) book.reconcile();
  const summaries: FrameSummary[] = [];
  const onCommit = (frames: readonly FrameSummary[]) => {
    summaries.push(...frames);
    for (const book of books) for (const frame of frames) book.add(frame);
  };
  const log = await openLog({ directory: segmentsIn(slot), segmentBytes: 600, slot: 'slot-1', onCommit });
  for (let seq = 1; seq <= 10; seq++) {
    const lines = Array.from({ length: seq }, (_, line) => `tide,frame=${seq} level=${line} ${seq * 1_000 + line}\n`);
    const destination = { org: '', bucket: seq < 6 ? 'tides' : 'waves' };
    const meta = {
      content: 'line-protocol',
      precision: 'ns',
      destination,
      ...(seq === 9 ? { lanes: [B] } : {}),
    } as const;
    await log.append([{ meta, body: Buffer.from(lines.join('')), points: seq }]);
  }
  await log.close();
  const sent = summaries.slice(0, 4);
  books[0]!.take(sent);
  for (const frame of sent) books[0]!.settle(frame, { quarantined: frame.seq === 2 ? 1 : 0, hold: false });
  for (const book of books) {
    const file = await CheckpointFile.create(laneFiles(slot, book.lane).checkpoint, book.checkpoint());
    await file.close();
  }
  return { directory, slot, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
