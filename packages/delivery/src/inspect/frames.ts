import type { Destination } from '../frames/frame.js';
import { splitLines } from '../lines/split.js';
import { segmentsIn } from '../spool/layout.js';
import { InspectError } from './errors.js';
import { lanesOf, quarantinedOf } from './lane-files.js';
import { isFor, LaneTally } from './lane-tally.js';
import { type Slot, slotsOf } from './slots.js';
import { walkLog } from './walk.js';

/** Which lines of a spool folder. */
export interface LineSelection {
  /** The number of `slot-N`; default: every slot. */
  readonly slot?: number | undefined;
  /** Sequence numbers of frames, both included. */
  readonly fromSeq?: number | undefined;
  readonly toSeq?: number | undefined;
  /** A backend's URL: what is its business. */
  readonly lane?: string | undefined;
  /** Only what that lane still owes. */
  readonly pending?: boolean;
}

/** A line of the log. Its bytes are good until the next one. */
export interface LoggedLine {
  readonly slot: string;
  readonly seq: number;
  /** Its number in the frame, from 0. */
  readonly line: number;
  /** Without its line end. */
  readonly bytes: Buffer;
  readonly acceptedAtMs: number;
  readonly destination: Destination;
}

/** A line that a backend refused. */
export interface QuarantinedLoggedLine extends LoggedLine {
  readonly lane: string | undefined;
  /** What the backend said. */
  readonly words: string;
  readonly quarantinedAtMs: number;
}

/** Lines of the log, slot by slot, from old to new. */
export async function* loggedLines(spool: string, selection: LineSelection): AsyncGenerator<LoggedLine> {
  for (const { slot, tally } of await chosen(spool, selection)) {
    for await (const frame of framesOf(slot, selection)) {
      if (tally !== undefined && !(tally.see(frame) || (!selection.pending && isFor(selection.lane!, frame)))) continue;
      const { seq, acceptedAtMs, meta } = frame;
      for (const [line, bytes] of splitLines(frame.body).entries()) {
        yield { slot: slot.name, seq, line, bytes: withoutEnd(bytes), acceptedAtMs, destination: meta.destination };
      }
    }
  }
}

/** Quarantined lines, lane by lane. Of the selection `pending` means nothing here. */
export async function* quarantinedLines(
  spool: string,
  { slot: number, lane, fromSeq = 0, toSeq = Number.POSITIVE_INFINITY }: LineSelection,
): AsyncGenerator<QuarantinedLoggedLine> {
  for (const slot of await slotsWith(spool, number)) {
    for (const each of await lanesOf(slot.path)) {
      let id = each.checkpoint?.lane;
      for await (const entry of quarantinedOf(each)) {
        if (entry.kind === 'header') id = entry.lane;
        if (lane !== undefined && id !== lane) break;
        if (entry.kind !== 'line' || entry.line.seq < fromSeq || entry.line.seq > toSeq) continue;
        const { text, bytes = Buffer.from(text), ...rest } = entry.line;
        yield { ...rest, bytes: Buffer.from(bytes), slot: slot.name, lane: id };
      }
    }
  }
}

const withoutEnd = (line: Buffer): Buffer => (line.at(-1) === 0x0a ? line.subarray(0, -1) : line);

async function slotsWith(spool: string, number: number | undefined): Promise<Slot[]> {
  const slots = await slotsOf(spool);
  if (number === undefined) return slots;
  const found = slots.filter(({ name }) => name === `slot-${number}`);
  if (found.length === 0) throw new InspectError(`${spool} holds no slot-${number}`);
  return found;
}

async function chosen(
  spool: string,
  { slot: number, lane }: LineSelection,
): Promise<Array<{ slot: Slot; tally: LaneTally | undefined }>> {
  const slots = await slotsWith(spool, number);
  if (lane === undefined) return slots.map((slot) => ({ slot, tally: undefined }));
  const found = await Promise.all(
    slots.map(async (slot) => {
      const checkpoints = (await lanesOf(slot.path)).map(({ checkpoint }) => checkpoint);
      const checkpoint = checkpoints.find((each) => each?.lane === lane);
      return checkpoint === undefined ? [] : [{ slot, tally: new LaneTally(checkpoint) }];
    }),
  );
  if (found.flat().length === 0) throw new InspectError(`no slot of ${spool} has a lane ${lane}`);
  return found.flat();
}

async function* framesOf(slot: Slot, { fromSeq = 0, toSeq = Number.POSITIVE_INFINITY }: LineSelection) {
  const steps = walkLog({ directory: segmentsIn(slot.path), isLive: slot.isHeld, fromSeq });
  for await (const step of steps) {
    if (step.kind !== 'frame' || step.seq < fromSeq) continue;
    if (step.seq > toSeq) return;
    yield step;
  }
}
