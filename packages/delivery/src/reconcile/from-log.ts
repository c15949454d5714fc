import type { Destination } from '../frames/frame.js';
import { type LoggedLine, loggedLines } from '../inspect/frames.js';
import { type RefusedLine, type SentLine, sendLines } from '../inspect/send-lines.js';
import { InfluxServer } from './influx-server.js';
import type { TimeRange } from './influxql.js';
import { pointOf } from './logged-point.js';
import type { Connect, Side } from './reconcile.js';

export interface FromLogOptions {
  /** The folder that holds `slot-1`, …; a living process may use it. */
  readonly spool: string;
  readonly to: Side;
  /** Points of the log that go to this database, or say nothing of where they go. */
  readonly database: string;
  readonly retentionPolicy?: string | undefined;
  readonly measurement?: string | undefined;
  readonly range: TimeRange;
  /** Default: only counts them. */
  readonly send?: boolean;
  readonly signal: AbortSignal;
  readonly onRefused: (url: string, line: RefusedLine) => void;
  readonly onWait?: (words: string, waitMs: number) => void;
}

export interface LoggedMeasurement {
  readonly measurement: string;
  readonly points: number;
  readonly oldestNs: bigint;
  readonly newestNs: bigint;
}

export interface FromLogReport {
  /** By name; the first 10,000. */
  readonly measurements: readonly LoggedMeasurement[];
  readonly points: number;
  readonly sentTo: number;
  readonly refused: number;
}

const LINES_PER_REQUEST = 5_000;
const BYTES_PER_REQUEST = 1024 * 1024;
const MOST_MEASUREMENTS = 10_000;

/**
 * Sends what the log still holds to one server. All of it: a point that is there already stays the same point.
 * @throws ReconcileError when the server is none that could be compared; SendError when it takes nothing more.
 */
export async function reconcileFromLog(options: FromLogOptions, connect: Connect): Promise<FromLogReport> {
  await new InfluxServer({ ...options, ...options.to }, options.signal).check();
  const sender = connect(options.to);
  try {
    return await new LogReplay(options, sender).run();
  } finally {
    await sender.close();
  }
}

class LogReplay {
  readonly #options: FromLogOptions;
  readonly #sender: ReturnType<Connect>;
  readonly #destination: Destination;
  readonly #measurements = new Map<string, LoggedMeasurement>();
  #batch: SentLine[] = [];
  #bytes = 0;
  #points = 0;
  #sent = 0;
  #refused = 0;

  constructor(options: FromLogOptions, sender: ReturnType<Connect>) {
    const { database, retentionPolicy } = options;
    this.#options = options;
    this.#sender = sender;
    this.#destination = {
      org: '',
      bucket: retentionPolicy === undefined ? database : `${database}/${retentionPolicy}`,
    };
  }

  async run(): Promise<FromLogReport> {
    for await (const line of loggedLines(this.#options.spool, {})) {
      if (this.#isWanted(line)) await this.#add(line);
    }
    await this.#flush();
    const measurements = [...this.#measurements.values()].sort((a, b) => (a.measurement < b.measurement ? -1 : 1));
    return { measurements, points: this.#points, sentTo: this.#sent, refused: this.#refused };
  }

  #isWanted({ destination: { bucket }, bytes }: LoggedLine): boolean {
    const { range, measurement } = this.#options;
    if (bucket !== '' && bucket !== this.#destination.bucket) return false;
    const point = pointOf(bytes.toString());
    if (measurement !== undefined && point.measurement !== measurement) return false;
    return point.timeNs >= range.startNs && point.timeNs < range.endNs;
  }

  async #add({ bytes: shared, line }: LoggedLine): Promise<void> {
    this.#points++;
    this.#count(shared.toString());
    if (!this.#options.send) return;
    const bytes = Buffer.from(shared);
    if (this.#batch.length === LINES_PER_REQUEST || this.#bytes + bytes.length > BYTES_PER_REQUEST) await this.#flush();
    this.#batch.push({ bytes, number: line });
    this.#bytes += bytes.length + 1;
  }

  #count(text: string): void {
    const { measurement, timeNs } = pointOf(text);
    const known = this.#measurements.get(measurement);
    if (known === undefined && this.#measurements.size === MOST_MEASUREMENTS) return;
    const { points, oldestNs, newestNs } = known ?? { points: 0, oldestNs: timeNs, newestNs: timeNs };
    this.#measurements.set(measurement, {
      measurement,
      points: points + 1,
      oldestNs: timeNs < oldestNs ? timeNs : oldestNs,
      newestNs: timeNs > newestNs ? timeNs : newestNs,
    });
  }

  async #flush(): Promise<void> {
    const { signal, onRefused, onWait, to } = this.#options;
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    this.#sent += await sendLines(this.#sender, batch, {
      destination: this.#destination,
      signal,
      onRefused: (line) => {
        this.#refused++;
        onRefused(to.url, line);
      },
      ...(onWait === undefined ? {} : { onWait }),
    });
  }
}
