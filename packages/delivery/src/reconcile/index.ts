export {
  type DifferingWindow,
  type ReconcileOptions,
  type ReconcileReport,
  reconcile,
  type Side,
} from './reconcile.js';
