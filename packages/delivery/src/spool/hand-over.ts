import type { Frame } from '../frames/frame.js';
import { HandOverError } from '../handover/hand-over.js';
import type { Slot } from './slot.js';
import type { SlotLane } from './slot-lane.js';
import type { HandOver } from './spool.js';

/** Consecutive frames that the same lanes are owed, and that go to the same place. */
interface Parcel {
  readonly lanes: readonly SlotLane[];
  readonly frames: Frame[];
  bytes: number;
  points: number;
}

const MAX_POINTS = 5_000;
const MAX_BYTES = 1024 * 1024;
const READ_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 4;

export interface HandOverEvents {
  readonly signal: AbortSignal;
  /** A peer has taken so many points. */
  readonly taken: (points: number) => void;
  /** A parcel was refused: its points stay owed. It costs no other. */
  readonly failed: (error: unknown) => void;
}

/** The peer has some of the lanes at most, and took nothing for any: another one may have them. */
export const lacksLane = (error: unknown): boolean => error instanceof HandOverError && error.statusCode === 409;

/** Gives what a slot still owes to somebody else, for the lanes still owed and no other. What was not taken stays owed. */
export async function handOverSlot(
  slot: Slot,
  handOver: HandOver,
  { signal, taken, failed }: HandOverEvents,
): Promise<void> {
  const give = async ({ lanes, frames: read }: Pick<Parcel, 'lanes' | 'frames'>): Promise<void> => {
    // Some may have expired since they were read. From here on they are under way, and cannot.
    const frames = read.filter(({ seq }) => lanes.every(({ book }) => book.isPending(seq)));
    const [first] = frames;
    if (first === undefined) return;
    const { destination } = first.meta;
    const body = frames.map((frame) => frame.body);
    const bytes = body.reduce((sum, { length }) => sum + length, 0);
    const points = frames.reduce((sum, frame) => sum + frame.points, 0);
    for (const { book } of lanes) book.take(frames);
    try {
      await handOver({ lanes: lanes.map(({ id }) => id), destination, body, bytes, points }, signal);
    } catch (error) {
      for (const { book } of lanes) book.putBack(frames);
      if (lanes.length === 1 || !lacksLane(error)) failed(error);
      else for (const lane of lanes) await give({ lanes: [lane], frames });
      return;
    }
    for (const { book } of lanes) book.handOver(frames);
    taken(points * lanes.length);
  };
  const underWay = new Set<Promise<void>>();
  try {
    for await (const parcel of parcels(slot, signal)) {
      const giving = give(parcel).finally(() => underWay.delete(giving));
      underWay.add(giving);
      if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    }
  } finally {
    await Promise.all(underWay);
  }
}

/** From old to new. */
async function* parcels(slot: Slot, signal: AbortSignal): AsyncGenerator<Parcel> {
  const owed = [...slot.lanes].filter(({ isOrphan }) => !isOrphan);
  let parcel: Parcel | undefined;
  for (let seq = 0; seq < slot.log.nextSeq && !signal.aborted; ) {
    const wanted = (each: number) => owed.some(({ book }) => book.isPending(each));
    const { frames, gaps, nextSeq } = await slot.log.read(seq, { maxBytes: READ_BYTES, wanted });
    slot.lose(gaps);
    for (const frame of frames) {
      const lanes = owed.filter(({ book }) => book.isPending(frame.seq));
      if (parcel !== undefined && !fits(parcel, frame, lanes)) {
        yield parcel;
        parcel = undefined;
      }
      parcel ??= { lanes, frames: [], bytes: 0, points: 0 };
      parcel.frames.push(frame);
      parcel.bytes += frame.body.length;
      parcel.points += frame.points;
    }
    seq = Math.max(nextSeq, seq + 1);
  }
  if (parcel !== undefined && !signal.aborted) yield parcel;
}

function fits(parcel: Parcel, frame: Frame, lanes: readonly SlotLane[]): boolean {
  const { destination } = parcel.frames[0]!.meta;
  return (
    parcel.points + frame.points <= MAX_POINTS &&
    parcel.bytes + frame.body.length <= MAX_BYTES &&
    destination.org === frame.meta.destination.org &&
    destination.bucket === frame.meta.destination.bucket &&
    lanes.length === parcel.lanes.length &&
    lanes.every((lane, index) => lane === parcel.lanes[index])
  );
}
