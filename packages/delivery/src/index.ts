export type { Backend } from './backend/backend.js';
export { DELIVERY_CHANNEL, type DeliveryEvent } from './events/events.js';
export type { Destination } from './frames/frame.js';
export { type Intake, type IntakeClosure, IntakeError, type Offer, type RefusedReason } from './intake/intake.js';
export type { LaneStatus } from './lanes/lane.js';
export { LineError, type Lines, normalizeLines } from './lines/normalize.js';
export { WHEN_FULL, type WhenFull } from './spool/caps.js';
export { openSpool } from './spool/open.js';
export type { DrainOptions, DrainReport, HandOver, Spool, SpoolOptions } from './spool/spool.js';
