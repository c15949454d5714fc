import { systemClock as clock, type Measured } from '@breakwater/resilience';
import { exportMetrics, type MetricsExport } from '@breakwater/resilience/prometheus';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { Collections } from './api/collect.js';
import { Owners } from './api/owners.js';
import { createServer } from './api/server.js';
import type { Composition } from './compose.js';
import type { Delivery, DeliveryReport } from './delivery/delivery.js';
import type { Fleet } from './fleet/fleet.js';
import { LoadGauge } from './fleet/load-gauge.js';
import type { CircuitWatch } from './flow/circuit-watch.js';
import type { DrainReport as TurnsReport } from './flow/collector.js';
import { EventLoop } from './process/event-loop.js';
import { processMetrics } from './process/self.js';
import { ProcessUsage } from './process/usage.js';
import { Share } from './share/share.js';
import type { Sink } from './sinks/sink.js';
import type { TargetChanges } from './targets/changes.js';
import type { FleetGlance } from './terminal/fleet.js';
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
  /** The replicas that it shares the targets with, where there is a Redis. */
  fleet: Fleet | undefined;
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

/** What holds a permit when nothing runs any more gives it back at once; a Redis that is away is not waited for. */
const LIMITS_MS = 2_000;

/** Time for a round trip to Redis, when the turns took all there was. */
const LEAST_LEAVING_MS = 500;

/** The collector as a process shows it: its HTTP side, its readiness, what it looks like now, and its end. */
export class Service {
  readonly app: FastifyInstance;
  readonly #options: ServiceOptions;
  readonly #loop = new EventLoop(clock);
  readonly #share: Share | undefined;
  readonly #load: LoadGauge;
  readonly #metrics: MetricsExport;
  readonly #startedMs = clock.now();
  #loaded = false;
  #drained: Promise<DrainReport> | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { delivery, fleet } = options;
    const { collector, measured } = options.composition;
    this.#share = fleet && new Share({ collector, self: fleet, clock });
    this.#load = this.#loadGauge();
    const owners = new Owners(collector, this.#share);
    const collections = new Collections(collector, owners);
    const registry = new Registry();
    const optional = [delivery, this.#share].filter((each) => each !== undefined);
    const own = [...options.measured, collections, this.#loop, processMetrics];
    this.#metrics = exportMetrics(registry, [...measured, ...optional, ...own]);
    this.app = createServer({
      collector,
      collections,
      owners,
      delivery,
      fleet,
      share: this.#share,
      limits: options.composition.limits,
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
    const { collector, limits } = this.#options.composition;
    const targets = this.#share ?? collector;
    targets.apply(changes);
    // Now, as their circuits are closed with them, which is heard too.
    for (const { name } of [...changes.removed, ...changes.changed]) this.#options.watch.forget(name);
    limits.plan(targets.targets());
    this.#loaded = true;
  }

  /** How many targets are measured at once. */
  get slots(): number {
    return this.#options.composition.slots;
  }

  /** Takes turns from now on: of every target, or of what is its own once it has joined its fleet under this id. */
  start(id: string): void {
    // It may be told to drain while its targets are loaded.
    if (this.#drained !== undefined) return;
    const { composition, fleet } = this.#options;
    composition.collector.start();
    if (fleet === undefined || this.#share === undefined) return;
    void fleet.join({ id, load: () => this.#load.read(), onStanding: this.#share.onStanding });
    // Now, as a metric shows from the scrape after the one in which it is first told of.
    this.#metrics.add(fleet);
  }

  #loadGauge(): LoadGauge {
    const { composition, delivery } = this.#options;
    const { collector, samples, account } = composition;
    const usage = new ProcessUsage(clock);
    return new LoadGauge(clock, {
      usage: () => usage.read(),
      loopLagMs: () => this.#loop.lag().p99Ms,
      turnsUnderWay: () => collector.underWay,
      points: () => delivery?.intake.points ?? sum(samples.written.values()),
      p95Ms: () => account.p95Ms,
      linesPending: () => samples.pending,
      laneLagMs: () => Math.max(0, ...(delivery?.lanes() ?? []).map(({ lagMs }) => lagMs)),
      targets: () => collector.size,
    });
  }

  #unready(): string[] {
    const { collector, samples } = this.#options.composition;
    const why: string[] = [];
    if (!this.#loaded) why.push('the targets are not loaded yet');
    // Without a target it writes nothing, and would never hear that its sink is well again.
    const writes = collector.size > 0 || samples.pending > 0;
    if (samples.sinkError !== undefined && writes) why.push(`the sink fails: ${samples.sinkError}`);
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
      lost: sum(samples.lost.values()),
      pending: samples.pending,
      lanes: this.#options.delivery?.lanes() ?? [],
      fleet: this.#fleetGlance(),
      loopLagMs: this.#loop.lag().p99Ms,
    };
  }

  #fleetGlance(): FleetGlance | undefined {
    const { fleet } = this.#options;
    if (fleet === undefined || this.#share === undefined) return undefined;
    const { name, standing, ids } = fleet;
    return { name, standing: standing.kind, members: ids.length, targets: this.#share.size };
  }

  /** Takes no more turns and writes, writes what was sampled, and delivers what it can. Can be called twice. */
  drain(): Promise<DrainReport> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<DrainReport> {
    const { composition, delivery, fleet, drainTimeoutMs } = this.#options;
    const deadlineMs = clock.now() + drainTimeoutMs;
    const turnsMs = drainTimeoutMs * (delivery === undefined ? 1 : TURNS_SHARE);
    // Others take over while this one still delivers, which may take long.
    const turns = await composition.collector.drain(turnsMs, (stoppedMs) => void fleet?.leave(stoppedMs));
    // A sink that hangs may have taken all of it.
    const leftMs = Math.max(0, deadlineMs - clock.now());
    const [report] = await Promise.all([
      delivery?.drain(leftMs),
      composition.limits.close(Math.min(leftMs, LIMITS_MS)),
      within(Math.max(leftMs, LEAST_LEAVING_MS), fleet?.leave()),
    ]);
    return { ...turns, delivery: report };
  }

  /** Gives up sockets and files, once drained. */
  async close(): Promise<void> {
    const { composition, sink, watch, fleet } = this.#options;
    await this.app.close();
    await fleet?.close();
    await sink.close();
    await composition.pool.destroy();
    this.#loop.close();
    watch.close();
  }
}

/** Waits for it, but not longer than that. */
async function within(ms: number, doing: Promise<void> | undefined): Promise<void> {
  let limit: Disposable | undefined;
  const over = new Promise<void>((resolve) => {
    limit = clock.after(ms, resolve);
  });
  await Promise.race([doing, over]);
  limit?.[Symbol.dispose]();
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}
