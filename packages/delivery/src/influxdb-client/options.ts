import type { Clock, Random } from '@breakwater/resilience';
import type { WriteOptions, WritePrecisionType } from '@influxdata/influxdb-client';
import type { Spool } from '../spool/spool.js';

export interface DurableWriteOptions {
  /** Where points are kept until they are delivered; several write APIs may share it. */
  readonly spool: Pick<Spool, 'intake'>;
  readonly org: string;
  readonly bucket: string;
  /** The unit of the timestamps that are given. Default `ns`. */
  readonly precision?: WritePrecisionType;
  /**
   * As for the original: `defaultTags`, `batchSize` (default 5,000), `maxBatchBytes` (default 1 MiB), `flushInterval`
   * (default 50 ms; 0: no timer), `writeSuccess` (on disk) and `writeFailed` (malformed, or the spool is closed). Nothing is
   * skipped, and how delivery tries again is the spool's business, so the others make no difference.
   */
  readonly writeOptions?: Partial<WriteOptions>;
  /** Bytes that may wait in memory while the disk takes nothing; beyond it writing throws. Default 64 MiB. */
  readonly maxBufferBytes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}
