export type { LaneTotals } from '../book/checkpoint.js';
export { type ExportOptions, exportLines } from './export.js';
export {
  type LineSelection,
  type LoggedLine,
  loggedLines,
  type QuarantinedLoggedLine,
  quarantinedLines,
} from './frames.js';
export { listSpool } from './ls.js';
export { type ReleaseMark, type ReleaseOptions, releaseLane } from './release.js';
export { type ReplayOptions, type ReplayReport, replay } from './replay.js';
export type { LaneReport, SlotReport } from './report.js';
export type { RefusedLine, SendOptions } from './send-lines.js';
export { type Damage, type VerifyReport, verifySpool } from './verify.js';
