import type { Recorder } from '../../metrics/definition.js';
import { Histogram } from '../../metrics/histogram.js';
import {
  CONNECT_ERRORS,
  type ConnectErrorReason,
  POOL_METRICS,
  POOL_REJECTIONS,
  type PoolRejection,
} from './metrics.js';

/** What a pool counts, as plain numbers. */
export class Tally {
  newSockets = 0;
  reusedSockets = 0;
  repeats = 0;
  connects = 0;
  evictions = 0;
  readonly connectErrors = zeros(CONNECT_ERRORS) as Record<ConnectErrorReason, number>;
  readonly rejections = zeros(POOL_REJECTIONS) as Record<PoolRejection, number>;
  readonly waits = new Histogram(POOL_METRICS.waits.buckets);
  readonly connectDurations = new Histogram(POOL_METRICS.connectDuration.buckets);

  measure(record: Recorder, policy: string): void {
    const labels = { policy };
    record(POOL_METRICS.requests, { ...labels, socket: 'new' }, this.newSockets);
    record(POOL_METRICS.requests, { ...labels, socket: 'reused' }, this.reusedSockets);
    record(POOL_METRICS.repeats, labels, this.repeats);
    record(POOL_METRICS.connects, labels, this.connects);
    record(POOL_METRICS.evictions, labels, this.evictions);
    for (const reason of CONNECT_ERRORS)
      record(POOL_METRICS.connectErrors, { ...labels, reason }, this.connectErrors[reason]);
    for (const reason of POOL_REJECTIONS)
      record(POOL_METRICS.rejections, { ...labels, reason }, this.rejections[reason]);
    record(POOL_METRICS.waits, labels, this.waits);
    record(POOL_METRICS.connectDuration, labels, this.connectDurations);
  }
}

const zeros = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 0]));
