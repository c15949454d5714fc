import { isDeepStrictEqual } from 'node:util';
import { segmentsIn } from '../spool/layout.js';
import { damagedCopies, type LaneOnDisk, lanesOf, quarantinedOf } from './lane-files.js';
import { LaneTally } from './lane-tally.js';
import { type Slot, slotsOf } from './slots.js';
import { type WalkedDamage, walkLog } from './walk.js';

/** One place that is damaged, or one account that does not add up. */
export interface Damage {
  readonly slot: string;
  readonly file: string;
  /** Where in the file, in bytes; undefined: it is about the file as a whole. */
  readonly offset: number | undefined;
  /** In words. */
  readonly what: string;
  /** What it cost. */
  readonly frames: number;
  readonly points: number;
}

export interface VerifyReport {
  readonly slots: number;
  readonly segments: number;
  readonly frames: number;
  readonly points: number;
  readonly lanes: number;
  readonly quarantinedLines: number;
  readonly damages: number;
}

/** A process that works may write a checkpoint, or drop a segment, while we read: its account is looked at again. */
const LOOKS_AT_A_LIVE_SLOT = 3;
/** Fewer than make a checkpoint too long. */
const MANY_RANGES = 1_000;

/** Reads everything in a spool folder, and tells `onDamage` what is damaged. Changes nothing. */
export async function verifySpool(spool: string, onDamage: (damage: Damage) => void): Promise<VerifyReport> {
  const sum = { slots: 0, segments: 0, frames: 0, points: 0, lanes: 0, quarantinedLines: 0, damages: 0 };
  for (const slot of await slotsOf(spool)) {
    const found = await verifySlot(slot);
    sum.slots++;
    sum.segments += found.segments;
    sum.frames += found.frames;
    sum.points += found.points;
    sum.lanes += found.lanes;
    sum.quarantinedLines += found.quarantinedLines;
    sum.damages += found.damages.length;
    for (const damage of found.damages) onDamage(damage);
  }
  return sum;
}

interface SlotFindings {
  segments: number;
  frames: number;
  points: number;
  lanes: number;
  quarantinedLines: number;
  readonly damages: Damage[];
}

async function verifySlot(slot: Slot): Promise<SlotFindings> {
  for (let look = 1; ; look++) {
    const findings: SlotFindings = { segments: 0, frames: 0, points: 0, lanes: 0, quarantinedLines: 0, damages: [] };
    const lanes = await lanesOf(slot.path);
    const tallies = await verifyLog(slot, lanes, findings);
    const unbalanced = lanes.filter((_, index) => (tallies[index]?.missing ?? 0) !== 0);
    const isSettled = !slot.isHeld || unbalanced.length === 0 || look === LOOKS_AT_A_LIVE_SLOT;
    if (!isSettled) continue;
    const now = slot.isHeld && unbalanced.length > 0 ? await lanesOf(slot.path) : lanes;
    for (const [index, lane] of lanes.entries()) {
      // What has moved on meanwhile was looked at half before and half after.
      const hasMoved = !now.some((each) => isDeepStrictEqual(each, lane));
      await verifyLane(slot, lane, hasMoved ? undefined : tallies[index], findings);
    }
    return findings;
  }
}

async function verifyLog(slot: Slot, lanes: readonly LaneOnDisk[], findings: SlotFindings) {
  const tallies = lanes.map(({ checkpoint }) => (checkpoint === undefined ? undefined : new LaneTally(checkpoint)));
  for await (const step of walkLog({ directory: segmentsIn(slot.path), isLive: slot.isHeld })) {
    if (step.kind === 'segment') findings.segments++;
    else if (step.kind === 'damage') {
      findings.damages.push(inWords(slot, step));
      for (const tally of tallies) if (step.gap !== undefined) tally?.lose(step.gap);
    } else {
      findings.frames++;
      findings.points += step.points;
      for (const tally of tallies) tally?.see(step);
    }
  }
  return tallies;
}

function inWords(slot: Slot, { file, offset, what, gap }: WalkedDamage): Damage {
  const frames = gap === undefined ? 0 : gap.toSeq - gap.fromSeq + 1;
  return { slot: slot.name, file, offset, what: wordsFor(what, gap), frames, points: gap?.points ?? 0 };
}

function wordsFor(what: WalkedDamage['what'], gap: WalkedDamage['gap']): string {
  if (what === 'segment-header') return "the segment's header is damaged; its frames were found without it";
  if (gap === undefined) return 'bytes that are no frame; none is missing';
  return gap.fromSeq === gap.toSeq ? `frame ${gap.fromSeq} is lost` : `frames ${gap.fromSeq} to ${gap.toSeq} are lost`;
}

async function verifyLane(
  slot: Slot,
  lane: LaneOnDisk,
  tally: LaneTally | undefined,
  findings: SlotFindings,
): Promise<void> {
  findings.lanes++;
  const report = (file: string, offset: number | undefined, what: string, points = 0) =>
    findings.damages.push({ slot: slot.name, file, offset, what, frames: 0, points });
  if (lane.trouble !== undefined) report(lane.checkpointFile, undefined, lane.trouble);
  else if (lane.checkpoint !== undefined && !slot.isHeld) {
    for (const offset of await damagedCopies(lane)) {
      report(lane.checkpointFile, offset, 'this copy of the checkpoint is damaged; the other one stands in for it');
    }
  }
  const id = lane.checkpoint?.lane;
  if (tally !== undefined && tally.missing > tally.lostPoints) {
    const what = `${id} is owed points that the log lacks; they will count as damaged`;
    report(lane.checkpointFile, undefined, what, tally.missing - tally.lostPoints);
  } else if (tally !== undefined && tally.missing < 0 && !isShortened(lane)) {
    const what = `the account of ${id} does not add up: the log holds ${-tally.missing} points more than it is owed`;
    report(lane.checkpointFile, undefined, what);
  }
  for await (const entry of quarantinedOf(lane)) {
    if (entry.kind === 'line') findings.quarantinedLines++;
    else if (entry.kind === 'damage') report(entry.file, entry.offset, entry.what);
  }
}

/** With very many ranges of done frames a checkpoint leaves some out, and their points are sent again. */
const isShortened = ({ checkpoint }: LaneOnDisk): boolean => (checkpoint?.done.length ?? 0) >= MANY_RANGES;
