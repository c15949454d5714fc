import { systemClock as clock, type Measured } from '@breakwater/resilience';
import { exportMetrics } from '@breakwater/resilience/prometheus';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { Collections } from './api/collect.js';
import { createServer } from './api/server.js';
import type { Composition } from './compose.js';
import type { Delivery, DeliveryReport } from './delivery/delivery.js';
import type { CircuitWatch } from './flow/circuit-watch.js';
import type { DrainReport as TurnsReport } from './flow/collector.js';
import { EventLoop } from './process/event-loop.js';
import { processMetrics } from './process/self.js';
import type { Sink } from './sinks/sink.js';
import type { TargetChanges } from './targets/changes.js';
import type { Snapshot } from './terminal/snapshot.js';

/** What a drain had to give up, and what it left in the log. */
export interface DrainReport extends TurnsReport {
  /** Undefined: there is no log. */
  readonly delivery: DeliveryReport | undefined;
}

export interface ServiceOptions {
  composition: Composition;
  sink: Sink;
  /** The log and its lanes, where there are servers. */
  delivery: Delivery | undefined;
  /** What has metrics beside what the flow is composed of. */
  measured: readonly Measured[];
  watch: CircuitWatch;
  apiToken: string | undefined;
  /** How long to wait for what runs when it drains, in milliseconds. */
  drainTimeoutMs: number;
  /** Told of errors that are ours. */
  onError: (error: unknown, what: string) => void;
}

/** Turns get this much of the time of a drain where points are to be delivered too. */
const TURNS_SHARE = 0.5;

/** The collector as a process shows it: its HTTP side, its readiness, what it looks like now, and its end. */
export class Service {
  readonly app: FastifyInstance;
  readonly #options: ServiceOptions;
  readonly #loop = new EventLoop(clock);
  readonly #startedMs = clock.now();
  #loaded = false;
  #drained: Promise<DrainReport> | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { collector, measured } = options.composition;
    const collections = new Collections(collector);
    const registry = new Registry();
    const log = options.delivery === undefined ? [] : [options.delivery];
    exportMetrics(registry, [...measured, ...log, ...options.measured, collections, this.#loop, processMetrics]);
    this.app = createServer({
      collector,
      collections,
      delivery: options.delivery,
      fleet: undefined,
      metrics: () => registry.metrics(),
      metricsType: registry.contentType,
      unready: () => this.#unready(),
      drain: () => void this.drain(),
      apiToken: options.apiToken,
      onError: options.onError,
    });
  }

  /** Takes over the targets, or what has changed of them. The first time makes the collector ready. */
  apply(changes: TargetChanges): void {
    for (const { name } of [...changes.removed, ...changes.changed]) this.#options.watch.forget(name);
    this.#options.composition.collector.apply(changes);
    this.#loaded = true;
  }

  /** How many targets are measured at once. */
  get slots(): number {
    return this.#options.composition.slots;
  }

  start(): void {
    this.#options.composition.collector.start();
  }

  #unready(): string[] {
    const { collector, samples } = this.#options.composition;
    const why: string[] = [];
    if (!this.#loaded) why.push('the targets are not loaded yet');
    if (samples.sinkError !== undefined) why.push(`the sink fails: ${samples.sinkError}`);
    const closure = this.#options.delivery?.intake.closure;
    if (closure !== undefined && !collector.draining) why.push(`the log takes nothing: ${closure.message}`);
    if (collector.draining) why.push('it drains');
    return why;
  }

  snapshot(): Snapshot {
    const { composition, watch } = this.#options;
    const { samples } = composition;
    const targets = [...composition.collector.status()];
    return {
      uptimeMs: clock.now() - this.#startedMs,
      targets: targets.map((target) => ({ ...target, history: watch.historyOf(target.name) })),
      written: samples.written,
      lost: [...samples.lost.values()].reduce((sum, lines) => sum + lines, 0),
      pending: samples.pending,
      lanes: this.#options.delivery?.lanes() ?? [],
      fleet: undefined,
      loopLagMs: this.#loop.lag().p99Ms,
    };
  }

  /** Takes no more turns and writes, writes what was sampled, and delivers what it can. Can be called twice. */
  drain(): Promise<DrainReport> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<DrainReport> {
    const { composition, delivery, drainTimeoutMs } = this.#options;
    const deadlineMs = clock.now() + drainTimeoutMs;
    const turns = await composition.collector.drain(drainTimeoutMs * (delivery === undefined ? 1 : TURNS_SHARE));
    return { ...turns, delivery: await delivery?.drain(deadlineMs - clock.now()) };
  }

  /** Gives up sockets and files, once drained. */
  async close(): Promise<void> {
    const { composition, sink, watch } = this.#options;
    await this.app.close();
    await sink.close();
    await composition.pool.destroy();
    this.#loop.close();
    watch.close();
  }
}
