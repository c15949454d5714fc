export type { WindowDifference } from './compare.js';
export {
  type FromLogOptions,
  type FromLogReport,
  type LoggedMeasurement,
  reconcileFromLog,
} from './from-log.js';
export type { TimeRange } from './influxql.js';
export {
  type Connect,
  type DifferingWindow,
  type ReconcileOptions,
  type ReconcileReport,
  reconcile,
  type Side,
} from './reconcile.js';
