export {
  type Answer,
  type Backend,
  type Dialect,
  HOLD_REASONS,
  type HoldReason,
  type SendRequest,
} from './backend/backend.js';
export { type HttpBackendOptions, httpBackend } from './backend/http-backend.js';
export { DELIVERY_CHANNEL, type DeliveryEvent } from './events/events.js';
export type { Destination } from './frames/frame.js';
export { HandOverError, type HandOverOptions, handOverTo } from './handover/hand-over.js';
export { type Intake, type IntakeClosure, IntakeError, type Offer, type RefusedReason } from './intake/intake.js';
export type { HeldDestination } from './lanes/destination-holds.js';
export type { HoldStatus } from './lanes/hold.js';
export type { LaneSettings, LaneStatus } from './lanes/lane.js';
export { LineError, type Lines, type NormalizeOptions, normalizeLines, type Precision } from './lines/normalize.js';
export { LogError } from './log/log-error.js';
export { WHEN_FULL, type WhenFull } from './spool/caps.js';
export { openSpool } from './spool/open.js';
export { DirectoryInUseError, DirectoryLock } from './spool/slot-lock.js';
export type { DrainOptions, DrainReport, HandOver, Spool, SpoolOptions } from './spool/spool.js';
export { disk, type Storage, type StoredFile } from './storage/storage.js';
