import { segmentsIn } from '../spool/layout.js';
import { isReleased, type LaneOnDisk, lanesOf, quarantinedOf } from './lane-files.js';
import { blankCheckpoint, LaneTally } from './lane-tally.js';
import type { LaneReport, SlotReport } from './report.js';
import { type Slot, slotsOf } from './slots.js';
import { walkLog } from './walk.js';

/** What each slot of a spool folder holds, and what each lane still owes. */
export async function listSpool(spool: string): Promise<SlotReport[]> {
  const reports: SlotReport[] = [];
  for (const slot of await slotsOf(spool)) reports.push(await reportOn(slot));
  return reports;
}

async function reportOn(slot: Slot): Promise<SlotReport> {
  const lanes = await lanesOf(slot.path);
  const tallies = lanes.map(({ hasCheckpoint, checkpoint }) =>
    hasCheckpoint ? new LaneTally(checkpoint ?? blankCheckpoint('')) : undefined,
  );
  const sum = { segments: 0, bytes: 0, frames: 0, points: 0, damages: 0 };
  let [oldestMs, newestMs]: [number | undefined, number | undefined] = [undefined, undefined];
  for await (const step of walkLog({ directory: segmentsIn(slot.path), isLive: slot.isHeld })) {
    if (step.kind === 'segment') {
      sum.segments++;
      sum.bytes += step.bytes;
    } else if (step.kind === 'damage') sum.damages++;
    else {
      sum.frames++;
      sum.points += step.points;
      oldestMs = Math.min(oldestMs ?? step.acceptedAtMs, step.acceptedAtMs);
      newestMs = Math.max(newestMs ?? step.acceptedAtMs, step.acceptedAtMs);
      for (const tally of tallies) tally?.see(step);
    }
  }
  const reports = await Promise.all(lanes.map((lane, index) => reportOnLane(lane, tallies[index])));
  return { slot: slot.name, isHeld: slot.isHeld, ...sum, oldestMs, newestMs, lanes: reports };
}

async function reportOnLane(lane: LaneOnDisk, tally: LaneTally | undefined): Promise<LaneReport> {
  let id = lane.checkpoint?.lane;
  let [quarantinedLines, givenUpLines] = [0, 0];
  for await (const entry of quarantinedOf(lane)) {
    if (entry.kind === 'line') quarantinedLines++;
    else if (entry.kind === 'header') {
      givenUpLines = entry.givenUpLines;
      if (!lane.hasCheckpoint) id = entry.lane;
    }
  }
  return {
    lane: id,
    hasCheckpoint: lane.hasCheckpoint,
    pendingFrames: tally?.pendingFrames ?? 0,
    pendingPoints: tally?.pendingPoints ?? 0,
    doneFrames: tally?.doneFrames ?? 0,
    totals: lane.checkpoint?.totals,
    quarantinedLines,
    givenUpLines,
    isReleased: await isReleased(lane),
  };
}
