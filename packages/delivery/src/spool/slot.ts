import { basename, join } from 'node:path';
import type { Clock, Measured, Recorder } from '@breakwater/resilience';
import { CheckpointFile } from '../book/checkpoint-file.js';
import { LaneBook } from '../book/lane-book.js';
import { publish } from '../events/events.js';
import type { FrameSummary, Gap, NewFrame } from '../frames/frame.js';
import type { LaneGate } from '../lanes/gate.js';
import { Lane } from '../lanes/lane.js';
import type { FrameLog } from '../log/frame-log.js';
import { openLog } from '../log/log.js';
import { openQuarantine, readQuarantine } from '../quarantine/quarantine-file.js';
import type { Storage } from '../storage/storage.js';
import type { NeededSegment } from './caps.js';
import { inTurn } from './in-turn.js';
import { laneFiles, lanesIn, segmentsIn } from './layout.js';
import { SPOOL_METRICS } from './metrics.js';
import { SlotLane } from './slot-lane.js';
import type { DirectoryLock } from './slot-lock.js';

export interface SlotOptions {
  readonly path: string;
  readonly lock: DirectoryLock;
  /** What leads to the backends of the configuration, by their ids. */
  readonly gates: ReadonlyMap<string, LaneGate>;
  readonly segmentBytes: number;
  /** Frames come in, and lanes of new backends begin. Else it is what another process has left. */
  readonly isOwn: boolean;
  readonly storage: Storage;
  readonly clock: Clock;
  /** Told of points that are on disk, in the instant in which the lanes are. */
  readonly onAccepted: (points: number) => void;
}

const KNOCK: NewFrame = {
  meta: { content: 'line-protocol', precision: 'ns', destination: { org: '', bucket: '' }, lanes: [] },
  body: new Uint8Array(),
  points: 0,
};

/** One folder of a spool, held by this process: a log, and the lanes that it is owed to. */
export class Slot implements Measured {
  readonly name: string;
  readonly path: string;
  readonly log: FrameLog;
  readonly #options: SlotOptions;
  readonly #lanes: Map<string, SlotLane>;

  private constructor(options: SlotOptions, log: FrameLog, lanes: Map<string, SlotLane>) {
    this.#options = options;
    this.path = options.path;
    this.name = basename(options.path);
    this.log = log;
    this.#lanes = lanes;
  }

  /** Opens what the folder holds; a new one is made ready. Its lanes send nothing yet. Gives up the lock when it fails. */
  static async open(options: SlotOptions): Promise<Slot> {
    const files: Closable[] = [];
    try {
      return await Slot.#open(options, files);
    } catch (error) {
      await inTurn([...files.map((file) => () => file.close()), () => options.lock.release()]).catch(() => {});
      throw error;
    }
  }

  /** What it opens is told in `files`, so that it can be closed when the rest fails. */
  static async #open(options: SlotOptions, files: Closable[]): Promise<Slot> {
    const { path, storage, isOwn, gates } = options;
    await storage.makeDirectory(lanesIn(path));
    await storage.syncDirectory(path);
    const known = await readBooks(path, storage, files);
    // A lane without a checkpoint is owed what the log still holds: a new backend, or one whose file was lost.
    const fresh = isOwn ? [...gates.keys()].filter((id) => !known.some(({ book }) => book.lane === id)) : [];
    const books = [...known.map(({ book }) => book), ...fresh.map((lane) => new LaneBook({ lane, startSeq: 1 }))];
    const log = await openLog({
      directory: segmentsIn(path),
      segmentBytes: options.segmentBytes,
      storage,
      clock: options.clock,
      slot: basename(path),
      minNextSeq: Math.max(0, ...known.map(({ checkpoint }) => checkpoint.latest.throughSeq)) + 1,
      onFrame: (frame) => {
        for (const book of books) book.add(frame);
      },
      onCommit: (frames) => slot.#committed(frames),
    });
    files.push(log);
    // The scan is over: what a book owes and the log lacks is damaged.
    for (const book of books) tellDamage(book, damageOf(book, log.gaps) + book.reconcile());
    for (const book of books.slice(known.length)) {
      const checkpoint = await begin(path, book, storage);
      files.push(checkpoint);
      known.push({ book, checkpoint });
    }
    const lanes = new Map<string, SlotLane>();
    const slot: Slot = new Slot(options, log, lanes);
    for (const each of known) lanes.set(each.book.lane, await slot.#laneOf(each, files));
    await slot.save();
    return slot;
  }

  get lanes(): Iterable<SlotLane> {
    return this.#lanes.values();
  }

  start(): void {
    for (const { lane } of this.#lanes.values()) lane?.start();
  }

  /** Whether a lane of the configuration owes anything here. */
  get isOwed(): boolean {
    return [...this.#lanes.values()].some(({ isOrphan, book }) => !isOrphan && book.pending + book.held > 0);
  }

  /** Whether lanes that the configuration does not name are still owed something here. */
  get isKept(): boolean {
    return [...this.#lanes.values()].some(({ isOrphan, book }) => isOrphan && book.pending > 0);
  }

  /** Which segments a lane still needs, from old to new. */
  needsOf(lane: SlotLane): NeededSegment[] {
    const needed = new Set(lane.book.neededSegments());
    return this.log
      .segments()
      .filter(({ id }) => needed.has(id))
      .map(({ id, bytes }) => ({ slot: this.name, id, bytes }));
  }

  /** A lane gives up what it has not sent of a segment. */
  expire(lane: string, segment: number, reason: 'size' | 'age'): void {
    const last = this.log.segments().find(({ id }) => id === segment)?.lastSeq;
    if (last === undefined) return;
    const { points } = this.#lanes.get(lane)!.book.expire(last, reason);
    if (points > 0) publish({ type: 'lane.expired', backend: lane, reason, points });
  }

  /** Expires what was accepted before an instant. Of a segment all or nothing. */
  expireBefore(before: number): void {
    for (const { id, lastSeq, lastAcceptedAtMs } of this.log.segments()) {
      if (lastSeq < id || lastAcceptedAtMs >= before) continue;
      for (const { id: lane, book } of this.#lanes.values()) if (book.needs(id)) this.expire(lane, id, 'age');
    }
  }

  /** Gives up orphaned lanes that the operator has marked, and forgets those that are owed nothing any more. */
  async tendOrphans(): Promise<void> {
    const { storage } = this.#options;
    const marks = new Set((await storage.list(lanesIn(this.path))).filter((name) => name.endsWith('.release')));
    for (const [id, lane] of this.#lanes) {
      const isMarked = marks.has(basename(lane.files.release));
      if (isMarked && lane.isOrphan) {
        const { points } = lane.book.expire(this.log.nextSeq - 1, 'operator');
        publish({ type: 'lane.expired', backend: id, reason: 'operator', points });
      }
      if (lane.isOrphan && lane.book.pending + lane.book.held === 0) await this.#forget(id, lane);
      if (isMarked) await storage.remove(lane.files.release);
    }
  }

  async #forget(id: string, lane: SlotLane): Promise<void> {
    const { storage } = this.#options;
    this.#lanes.delete(id);
    await lane.close();
    const { quarantine, checkpoint } = lane.files;
    // What cannot be read is kept for the operator. The checkpoint goes last: without it nobody looks for the other.
    if (!(await holdsLines(quarantine, storage).catch(() => true))) await storage.remove(quarantine);
    await storage.remove(checkpoint);
  }

  /** Puts every book on disk that it is the turn of. */
  async keep(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.keep()));
  }

  /** Puts every book on disk. */
  async save(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.save()));
  }

  /** Deletes the segments that no lane needs: only when the books on disk say so. */
  async sweep({ active = false } = {}): Promise<void> {
    const lanes = [...this.#lanes.values()];
    const unneeded = this.log
      .segments()
      .filter(
        ({ id, lastSeq, isActive }) =>
          (isActive ? active && lastSeq >= id : true) && !lanes.some(({ book }) => book.needs(id)),
      );
    if (unneeded.length === 0) return;
    await Promise.all(lanes.map((lane) => lane.saveTwice()));
    for (const { id, lastSeq } of unneeded) {
      // Frames may have been committed to the active one meanwhile: then it stays.
      if (await this.log.remove(id, lastSeq)) for (const { book } of lanes) book.forget(id);
    }
  }

  /** The log cannot read these any more: nobody will get them. */
  lose(gaps: readonly Gap[]): void {
    for (const { book } of this.#lanes.values()) tellDamage(book, damageOf(book, gaps));
  }

  /** What was acknowledged and is still held counts as owed again. The lanes are at rest. */
  rewind(): void {
    for (const { book } of this.#lanes.values()) book.rewindHeld();
  }

  /** A log whose disk failed finds out that it works again when it is asked to write: a frame of no points, for no lane. */
  async knock(): Promise<void> {
    const { closure } = this.log;
    if (closure !== 'disk-full' && closure !== 'disk-failed') return;
    await this.log.append([KNOCK]).catch(() => {});
  }

  /** Ends the lanes; resolves when nothing is under way. */
  async stop(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
  }

  /** Ends the lanes, then puts books and log away and gives the folder up. */
  async close(): Promise<void> {
    await inTurn([
      () => this.stop(),
      () => this.log.close(),
      ...[...this.#lanes.values()].map((lane) => () => lane.close()),
      () => this.#options.lock.release(),
    ]);
  }

  measure(record: Recorder): void {
    this.log.measure(record);
    for (const lane of this.#lanes.values()) {
      lane.measure(record, this.name);
      if (lane.isOrphan) record(SPOOL_METRICS.orphaned, { backend: lane.id, slot: this.name }, lane.book.pending);
    }
  }

  #committed(frames: readonly FrameSummary[]): void {
    let points = 0;
    for (const frame of frames) {
      points += frame.points;
      // What comes after its backend was taken from the configuration is no business of an orphan.
      for (const { book, isOrphan } of this.#lanes.values()) book.add(isOrphan ? { ...frame, lanes: [] } : frame);
    }
    this.#options.onAccepted(points);
    for (const { lane } of this.#lanes.values()) lane?.wake();
  }

  async #laneOf({ book, checkpoint }: KnownBook, opened: Closable[]): Promise<SlotLane> {
    const { path, gates, storage } = this.#options;
    const files = laneFiles(path, book.lane);
    const gate = gates.get(book.lane);
    if (gate === undefined) {
      if (book.pending > 0) publish({ type: 'lane.orphaned', backend: book.lane, points: book.pending });
      return new SlotLane({ book, checkpoint, files, delivery: undefined });
    }
    const quarantine = await openQuarantine({ path: files.quarantine, lane: book.lane, storage });
    opened.push(quarantine);
    const lane = new Lane({ gate, slot: this.name, log: this.log, book, quarantine });
    return new SlotLane({ book, checkpoint, files, delivery: { lane, quarantine } });
  }
}

interface Closable {
  close(): Promise<void>;
}

interface KnownBook {
  readonly book: LaneBook;
  readonly checkpoint: CheckpointFile;
}

async function readBooks(path: string, storage: Storage, files: Closable[]): Promise<KnownBook[]> {
  const known: KnownBook[] = [];
  for (const name of await storage.list(lanesIn(path))) {
    if (!name.endsWith('.checkpoint')) continue;
    const checkpoint = await CheckpointFile.open(join(lanesIn(path), name), storage);
    if (checkpoint === undefined) continue;
    files.push(checkpoint);
    const { latest } = checkpoint;
    known.push({ checkpoint, book: new LaneBook({ ...latest, checkpoint: latest }) });
  }
  return known;
}

const begin = (path: string, book: LaneBook, storage: Storage): Promise<CheckpointFile> =>
  CheckpointFile.create(laneFiles(path, book.lane).checkpoint, book.checkpoint(), storage);

async function holdsLines(path: string, storage: Storage): Promise<boolean> {
  for await (const _ of readQuarantine(path, storage)) return true;
  return false;
}

const damageOf = (book: LaneBook, gaps: readonly Gap[]): number => gaps.reduce((sum, gap) => sum + book.damage(gap), 0);

function tellDamage({ lane: backend }: LaneBook, points: number): void {
  if (points > 0) publish({ type: 'lane.damaged', backend, points });
}
