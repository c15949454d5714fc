import type { Backend } from '../backend/backend.js';
import type { Destination } from '../frames/frame.js';
import { type RefusedLine, sendLines } from '../inspect/send-lines.js';
import { differingWindows, type Pair, type WindowDifference } from './compare.js';
import { ReconcileError } from './errors.js';
import { InfluxServer } from './influx-server.js';
import type { TimeRange } from './influxql.js';
import { type Point, pointText } from './points.js';
import { differences } from './repair.js';
import { fieldsOf, measurementsOf } from './schema.js';

const POINTS_PER_REQUEST = 5_000;

export interface Side {
  /** `http://influx-a:8086`, without credentials. */
  readonly url: string;
  /** A token, or `user:password` for InfluxDB 1.x. */
  readonly token?: string | undefined;
}

export interface ReconcileOptions {
  readonly from: Side;
  readonly to: Side;
  /** On 2.x what the bucket is mapped to (DBRP). */
  readonly database: string;
  /** Default: each server's default. */
  readonly retentionPolicy?: string | undefined;
  /** Default: every measurement that either has. */
  readonly measurement?: string | undefined;
  readonly range: TimeRange;
  readonly windowNs: bigint;
  /** Windows with equal counts are equal: reads no points of those, and misses values that differ. */
  readonly countsOnly?: boolean;
  /** Sends what is missing on `to`, or on `both`. Where both have a value and differ, that of `from` is sent. */
  readonly send?: 'to' | 'both' | undefined;
  readonly signal: AbortSignal;
  readonly onWindow: (window: DifferingWindow) => void;
  readonly onRefused: (url: string, line: RefusedLine) => void;
  readonly onWait?: (words: string, waitMs: number) => void;
}

export interface DifferingWindow extends WindowDifference {
  readonly measurement: string;
  /** Points that were sent, whole or in part. */
  readonly sentTo: number;
  readonly sentFrom: number;
}

export interface ReconcileReport {
  readonly measurements: number;
  readonly windows: number;
  readonly sentTo: number;
  readonly sentFrom: number;
  readonly refused: number;
  /** Measurements that cannot be compared, and why. */
  readonly incomparable: ReadonlyArray<{ readonly measurement: string; readonly reason: string }>;
}

/** What lines are sent through. */
export type Connect = (side: Side) => Pick<Backend, 'id' | 'send' | 'close'>;

/** @throws ReconcileError when a side cannot be used or compared; SendError when it stops taking what is missing. */
export async function reconcile(options: ReconcileOptions, connect: Connect): Promise<ReconcileReport> {
  if (options.from.url === options.to.url) {
    throw new ReconcileError(`${options.from.url} is on both sides; there is nothing to compare`);
  }
  const [from, to] = [options.from, options.to].map(
    (side) => new InfluxServer({ ...options, ...side }, options.signal),
  );
  await from!.check();
  await to!.check();
  const senders = { from: connect(options.from), to: connect(options.to) };
  try {
    return await new Reconciliation(options, from!, to!, senders).run();
  } finally {
    await Promise.all([senders.from.close(), senders.to.close()]);
  }
}

type Direction = 'to' | 'from';

class Reconciliation {
  readonly #options: ReconcileOptions;
  readonly #from: InfluxServer;
  readonly #to: InfluxServer;
  readonly #senders: Record<Direction, ReturnType<Connect>>;
  #windows = 0;
  readonly #sent = { to: 0, from: 0 };
  #refused = 0;
  readonly #incomparable: Array<{ measurement: string; reason: string }> = [];

  constructor(
    options: ReconcileOptions,
    from: InfluxServer,
    to: InfluxServer,
    senders: Record<Direction, ReturnType<Connect>>,
  ) {
    this.#options = options;
    this.#from = from;
    this.#to = to;
    this.#senders = senders;
  }

  async run(): Promise<ReconcileReport> {
    const measurements = await this.#measurements();
    for (const measurement of measurements) await this.#compare(measurement);
    return {
      measurements: measurements.length,
      windows: this.#windows,
      sentTo: this.#sent.to,
      sentFrom: this.#sent.from,
      refused: this.#refused,
      incomparable: this.#incomparable,
    };
  }

  async #measurements(): Promise<string[]> {
    const all = new Set((await Promise.all([this.#from, this.#to].map(measurementsOf))).flat());
    const { measurement } = this.#options;
    if (measurement === undefined) return [...all].sort();
    if (all.has(measurement)) return [measurement];
    throw new ReconcileError(`neither server has a measurement ${JSON.stringify(measurement)}`);
  }

  async #compare(measurement: string): Promise<void> {
    const fields = await fieldsOf([this.#from, this.#to], measurement);
    if (typeof fields === 'string') {
      this.#incomparable.push({ measurement, reason: fields });
      return;
    }
    // Its retention policy may hold nothing of it.
    if (fields.length === 0) return;
    const pair: Pair = { from: this.#from, to: this.#to, measurement, fields };
    const { range, windowNs, countsOnly = false, onWindow } = this.#options;
    for await (const window of differingWindows(pair, range, windowNs, countsOnly)) {
      this.#windows++;
      const before = { ...this.#sent };
      await this.#repair(pair, window.range, countsOnly);
      onWindow({
        ...window,
        measurement,
        sentTo: this.#sent.to - before.to,
        sentFrom: this.#sent.from - before.from,
      });
    }
  }

  async #repair(pair: Pair, range: TimeRange, countsOnly: boolean): Promise<void> {
    const { send } = this.#options;
    if (send === undefined) return;
    for await (const { forTo, forFrom } of differences(pair, range, countsOnly)) {
      await this.#send('to', forTo);
      if (send === 'both') await this.#send('from', forFrom);
    }
  }

  async #send(direction: Direction, points: readonly Point[]): Promise<void> {
    const { url } = this.#options[direction];
    const { signal, onWait } = this.#options;
    for (let first = 0; first < points.length; first += POINTS_PER_REQUEST) {
      const lines = points
        .slice(first, first + POINTS_PER_REQUEST)
        .map((point, index) => ({ bytes: Buffer.from(pointText(point)), number: first + index }));
      this.#sent[direction] += await sendLines(this.#senders[direction], lines, {
        destination: this.#destination(),
        signal,
        onRefused: (line) => {
          this.#refused++;
          this.#options.onRefused(url, line);
        },
        ...(onWait === undefined ? {} : { onWait }),
      });
    }
  }

  #destination(): Destination {
    const { database, retentionPolicy } = this.#options;
    return { org: '', bucket: retentionPolicy === undefined ? database : `${database}/${retentionPolicy}` };
  }
}
