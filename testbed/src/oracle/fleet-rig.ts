import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../process/ports.js';
import type { RunningServer } from '../server.js';
import { startServer } from '../start.js';
import { CollectorProcess } from './collector-process.js';
import { POLLER_HEADER, TargetServer } from './target-server.js';
import { type Gap, type Repeat, storedTurns, Turns } from './turns.js';

export interface FleetRigOptions {
  /** The built collector. */
  main: string;
  /** Where in its interval the turns of a target lie. */
  offsetOf: (target: string, intervalMs: number) => number;
  /** Default 3. */
  collectors?: number;
  /** Default 300. */
  targets?: number;
  /** Default 2000: a busy machine has a second to begin a turn before it counts as missed. */
  intervalMs?: number;
  /** What a collector is told, by its place, beside what it needs to poll and to deliver. */
  env?: (index: number) => Readonly<Record<string, string>>;
}

/** What a run came to. */
export interface FleetVerdict {
  /** Turns that fell due. */
  readonly due: number;
  readonly gaps: readonly Gap[];
  readonly repeats: readonly Repeat[];
  /** Points at instants that are no turn's. */
  readonly strangers: readonly string[];
  /** How many targets there are. */
  readonly targets: number;
  readonly intervalMs: number;
  /** What each collector, by its place, counted in that time. */
  readonly counts: readonly Counts[];
  /** The slowest answer to a heartbeat that any of them got since its latest start, as its metrics bound it. */
  readonly slowestBeatMs: number;
}

/** What a collector says of the time that it did not get. */
interface Counts {
  /** Turns that it got no time to begin. */
  readonly missed: number;
  /** How long its event loop stood still. */
  readonly stalledMs: number;
}

/** Collectors with one targets file between them, what they poll, and an InfluxDB that they all write to. */
export class FleetRig implements AsyncDisposable {
  readonly collectors: readonly CollectorProcess[];
  /** What each says of itself to the targets, by its place. */
  readonly pollers: readonly string[];
  readonly server: TargetServer;
  readonly turns: Turns;
  readonly #folder: string;
  readonly #influx: RunningServer & { readonly url: string };
  /** What each counted that it does not say any more, less what it says and is not meant. */
  readonly #counts: Counts[];

  private constructor(
    folder: string,
    influx: RunningServer & { readonly url: string },
    server: TargetServer,
    turns: Turns,
    collectors: readonly CollectorProcess[],
  ) {
    this.#folder = folder;
    this.#influx = influx;
    this.server = server;
    this.turns = turns;
    this.collectors = collectors;
    this.pollers = collectors.map((_, index) => pollerOf(index));
    this.#counts = collectors.map(() => ({ missed: 0, stalledMs: 0 }));
  }

  /** The collectors are not started yet. */
  static async start(options: FleetRigOptions): Promise<FleetRig> {
    const { main, offsetOf, collectors = 3, targets = 300, intervalMs = 2_000, env = () => ({}) } = options;
    const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
    const influx = await startServer('influxdb');
    const server = await TargetServer.start();
    const names = Array.from({ length: targets }, (_, index) => `t-${index}`);
    const file = targetsFile(names, intervalMs, server);
    const processes: CollectorProcess[] = [];
    for (let index = 0; index < collectors; index++) {
      const home = join(folder, pollerOf(index));
      const others: Readonly<Record<string, string>> = env(index);
      const own = {
        INFLUX_URLS: influx.url,
        INFLUX_BUCKET: 'telemetry',
        SPOOL_DIR: join(home, 'spool'),
        DATA_DIR: join(home, 'data'),
        POLLER: pollerOf(index),
        ...(others['REDIS_URL'] === undefined ? {} : { REPLICA_ID: pollerOf(index) }),
        ...others,
      };
      processes.push(new CollectorProcess(main, home, await freePort(), own, file));
    }
    return new FleetRig(folder, influx, server, new Turns(names, intervalMs, offsetOf), processes);
  }

  /** The time that is judged begins: what they have counted is over. @returns that time. */
  async begin(): Promise<number> {
    await Promise.all(this.collectors.map((_, place) => this.countAnew(place)));
    return Date.now();
  }

  /** What a collector, by its place, counts from now on is meant: after it stood still. */
  async countAnew(place: number): Promise<void> {
    this.#add(place, countsOn(await this.collectors[place]!.text('/metrics')), -1);
  }

  /** What it has counted is kept: before it dies or stands still. */
  async keepCounts(place: number): Promise<void> {
    this.#add(place, countsOn(await this.collectors[place]!.text('/metrics')));
  }

  #add(place: number, { missed, stalledMs }: Counts, sign = 1): void {
    const known = this.#counts[place]!;
    this.#counts[place] = { missed: known.missed + sign * missed, stalledMs: known.stalledMs + sign * stalledMs };
  }

  /** Ends every collector in order, so that whatever was sampled is delivered, and judges the turns of that time. */
  async conclude(fromMs: number, toMs: number): Promise<FleetVerdict> {
    for (const collector of this.collectors) collector.signal('SIGCONT');
    const pages = await Promise.all(this.collectors.map((each) => each.text('/metrics')));
    const codes = await Promise.all(this.collectors.map((collector) => collector.end()));
    const failed = codes.findIndex((code) => code !== 0);
    if (failed !== -1) {
      throw new Error(`${this.pollers[failed]} ended with ${codes[failed]}:\n${this.collectors[failed]!.output}`);
    }
    for (const [place, page] of pages.entries()) this.#add(place, countsOn(page));
    const stored = await storedTurns(this.#influx.url);
    return {
      due: this.turns.count(fromMs, toMs),
      gaps: this.turns.gaps(stored, fromMs, toMs),
      repeats: this.turns.repeats(this.server.polls, stored, fromMs, toMs),
      strangers: this.turns.strangers(stored),
      targets: this.turns.targets.length,
      intervalMs: this.turns.intervalMs,
      counts: this.#counts,
      slowestBeatMs: Math.max(...pages.map(slowestBeatOn)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.collectors.map((collector) => collector.kill()));
    await Promise.all([this.server[Symbol.asyncDispose](), this.#influx.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function countsOn(page: string): Counts {
  const stalled = /^telemetry_event_loop_stalled_seconds_total\S* (\S+)$/m.exec(page)?.[1];
  return { missed: missedOn(page), stalledMs: Number(stalled) * 1_000 };
}

function missedOn(page: string): number {
  const lines = page.matchAll(/^telemetry_probes_total\{.*outcome="missed".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The bound of the smallest bucket that has all of them, in milliseconds; 0 when there are none. */
function slowestBeatOn(page: string): number {
  const buckets = [...page.matchAll(/^fleet_heartbeat_seconds_bucket\{.*le="([^"]+)".*\} (\d+)$/gm)];
  const all = Number(buckets.at(-1)?.[2] ?? 0);
  const bound = buckets.find(([, , count]) => Number(count) === all)?.[1];
  if (all === 0 || bound === undefined) return 0;
  return bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound) * 1_000;
}

const pollerOf = (index: number): string => `collector-${index + 1}`;

/** Each collector puts its own name into the header, so that one file serves all. */
function targetsFile(names: readonly string[], intervalMs: number, server: TargetServer): string {
  const headers = `{ ${POLLER_HEADER}: { valueFrom: POLLER } }`;
  const lines = names.map(
    (name) => `  - { name: ${name}, probe: http, url: "${server.urlOf(name)}", headers: ${headers} }`,
  );
  return [
    'apiVersion: breakwater/v1',
    'kind: Targets',
    `defaults: { interval: ${intervalMs}ms }`,
    'targets:',
    ...lines,
    '',
  ].join('\n');
}
