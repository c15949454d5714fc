import type { DrainReport, HandOver, LaneStatus, Spool } from '@breakwater/delivery';
import { GatewayMeter } from '@breakwater/delivery/gateway';
import type { Clock, Measured, Recorder } from '@breakwater/resilience';
import type { DeliveryConfig } from '../config/delivery.js';
import { DeliverySink } from '../sinks/delivery/delivery-sink.js';
import type { Sink } from '../sinks/sink.js';
import { CountedIntake } from './counted-intake.js';

export interface DeliveryOptions {
  spool: Spool;
  config: Pick<DeliveryConfig, 'org' | 'bucket' | 'maxBodyBytes' | 'laneMaxLagMs'>;
  /** Takes what is left of a drain; undefined: it stays in the log. */
  handOver: HandOver | undefined;
  /** Names this process among its peers. */
  instance: string;
  /** What has metrics beside the log. */
  measured?: readonly Measured[];
  clock: Clock;
  onNotice?: (notice: string) => void;
}

/** What a drain of the log left behind. */
export interface DeliveryReport extends DrainReport {
  readonly leftPoints: number;
  /** The folder that they are in. */
  readonly directory: string;
  /** They were to be handed over: that they are left means that the folder must be kept. */
  readonly wasToHandOver: boolean;
}

/** With somebody to hand over to, delivering takes this much of the time, so that there is time for that too. */
const DELIVER_SHARE = 0.5;

/** The log and its lanes as the collector uses them. */
export class Delivery implements Measured {
  readonly sink: Sink;
  readonly intake: CountedIntake;
  readonly instance: string;
  /** Counts what the gateway answers. */
  readonly meter = new GatewayMeter();
  readonly maxBodyBytes: number;
  readonly laneMaxLagMs: number;
  readonly destination: { readonly org: string; readonly bucket: string };
  readonly #options: DeliveryOptions;
  #drained: Promise<DeliveryReport> | undefined;

  constructor(options: DeliveryOptions) {
    const { org, bucket, maxBodyBytes, laneMaxLagMs } = options.config;
    this.#options = options;
    this.intake = new CountedIntake(options.spool.intake);
    this.instance = options.instance;
    this.destination = { org, bucket };
    this.maxBodyBytes = maxBodyBytes;
    this.laneMaxLagMs = laneMaxLagMs;
    const { clock, onNotice } = options;
    this.sink = new DeliverySink({
      intake: this.intake,
      destination: this.destination,
      clock,
      ...(onNotice !== undefined && { onNotice }),
    });
  }

  get directory(): string {
    return this.#options.spool.directory;
  }

  lanes(): readonly LaneStatus[] {
    return this.#options.spool.lanes();
  }

  /** What it starts with, for the log: the folder that it took, and what waits there for whom. */
  get start(): { readonly directory: string; readonly waiting: Readonly<Record<string, number>> } {
    const behind = this.lanes().filter(({ pendingPoints }) => pendingPoints > 0);
    const waiting = Object.fromEntries(behind.map(({ backend, pendingPoints }) => [backend, pendingPoints]));
    return { directory: this.directory, waiting };
  }

  /** Takes no more, delivers and hands over what it can within `timeoutMs`. Later calls wait for the first. */
  drain(timeoutMs: number): Promise<DeliveryReport> {
    this.#drained ??= this.#drain(timeoutMs);
    return this.#drained;
  }

  async #drain(timeoutMs: number): Promise<DeliveryReport> {
    const { spool, handOver } = this.#options;
    const report = await spool.drain(
      handOver === undefined
        ? { timeoutMs, deliverMs: timeoutMs }
        : { timeoutMs, deliverMs: timeoutMs * DELIVER_SHARE, handOver },
    );
    const leftPoints = [...report.left.values()].reduce((sum, points) => sum + points, 0);
    return { ...report, leftPoints, directory: spool.directory, wasToHandOver: handOver !== undefined };
  }

  close(): Promise<void> {
    return this.#options.spool.close();
  }

  measure(record: Recorder): void {
    this.#options.spool.measure(record);
    this.meter.measure(record);
    for (const each of this.#options.measured ?? []) each.measure(record);
  }
}
