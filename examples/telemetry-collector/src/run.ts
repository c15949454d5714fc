import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { redisHintStore } from '@breakwater/fleet';
import {
  type CircuitBreakerEnvironment,
  systemClock as clock,
  type Environment,
  type Measured,
} from '@breakwater/resilience';
import { type ComposeOptions, type Composition, compose, TARGETS_BREAKER } from './compose.js';
import type { FleetConfig } from './config/fleet.js';
import type { Delivery } from './delivery/delivery.js';
import { untilEnd } from './ending.js';
import { exitCode } from './exit-code.js';
import { FleetLog } from './fleet/fleet-log.js';
import { type OpenFleet, openFleet } from './fleet/open.js';
import { replicaId } from './fleet/replica-id.js';
import { shareTargets } from './fleet/shared-targets.js';
import { CircuitWatch } from './flow/circuit-watch.js';
import type { HeadingOptions } from './heading.js';
import type { Logger } from './log.js';
import { LossLog } from './loss-log.js';
import { circuitNews } from './news.js';
import { type DrainReport, Service } from './service.js';
import type { Sink } from './sinks/sink.js';
import type { TargetChanges } from './targets/changes.js';
import type { View } from './terminal/view.js';

/** Where targets come from, and change. */
export interface TargetSource extends Measured {
  /** Tells what the targets are, and later each change. */
  start(changed: (changes: TargetChanges) => void): Promise<void>;
  close(): Promise<void>;
}

export interface RunOptions {
  env: Environment;
  host: string;
  port: number;
  apiToken: string | undefined;
  drainTimeoutMs: number;
  /** How long to run, in milliseconds; undefined: until a signal. */
  forMs: number | undefined;
  /** Circuit settings instead of those of the environment. */
  circuit: CircuitBreakerEnvironment | undefined;
  sink: Sink;
  /** The log and its lanes, where there are servers. */
  delivery: Delivery | undefined;
  /** The replicas that it shares the targets with; undefined: none. */
  fleet: FleetConfig | undefined;
  targets: TargetSource;
  log: Logger;
  view: View;
  /** What the view is headed with, once it is known where the server listens. */
  heading: (url: string, fleet: HeadingOptions['fleet']) => readonly string[];
}

/** What still has to be given up after the drain must not hold up the end, in milliseconds. */
const CLOSING_MS = 2_000;

/** Runs the collector until it is told to stop, or its time is up. Answers with the exit code of the process. */
export async function run(options: RunOptions): Promise<number> {
  return exitCode(await collect(options), options.log);
}

/** Until it is drained and closed, and all that happened is told. */
async function collect(options: RunOptions): Promise<DrainReport> {
  const { log, view, targets } = options;
  using _news = new FleetLog(clock, ({ level, fields, message }) => log[level](fields, message));
  const onError = (error: unknown, what: string) => log.error({ err: error }, `${what} failed`);
  const opened = options.fleet && openFleet(options.fleet, { clock, onError });
  const fleet = opened?.fleet;
  const composition = makeComposition(options, opened);
  const service = makeService(options, composition, opened, onError);
  const ending = untilEnd(clock, options.forMs);
  const url = await service.app.listen({ host: options.host, port: options.port });
  const { port } = service.app.server.address() as AddressInfo;
  const id = options.fleet?.replicaId ?? replicaId(port);
  const joining = fleet && { name: fleet.name, id, address: fleet.redis.address };
  const { slots } = service;
  log.info({ url, slots, sink: options.sink.name, ...options.delivery?.start, fleet: joining }, 'listening');
  view.begin(options.heading(url, joining));
  await targets.start((changes) => service.apply(changes));
  service.start(id);
  const showing = setInterval(() => view.update(service.snapshot()), view.everyMs);
  log.info({ cause: await ending }, 'draining');
  const report = await service.drain();
  clearInterval(showing);
  view.conclude(service.snapshot());
  const closing = async () => {
    await composition.sharedBreaker?.stop();
    await service.close();
  };
  await Promise.race([Promise.all([targets.close(), closing()]), pause(CLOSING_MS)]);
  return report;
}

function makeComposition({ env, sink, circuit, fleet, log }: RunOptions, opened: OpenFleet | undefined): Composition {
  const losses = new LossLog(clock, (fields, message) => log.warn(fields, message));
  return compose({
    env,
    sink,
    ...(circuit !== undefined && { circuit }),
    onLoss: (reason, lines, error) => losses.lost(reason, lines, error),
    ...(opened !== undefined && sharedBy(opened, fleet?.sharedBreaker === true)),
  });
}

function makeService(
  { sink, delivery, targets, apiToken, drainTimeoutMs, log, view }: RunOptions,
  composition: Composition,
  opened: OpenFleet | undefined,
  onError: (error: unknown, what: string) => void,
): Service {
  const watch = new CircuitWatch(TARGETS_BREAKER, (move) => {
    const { key: target, from, to, cause } = move;
    const news = circuitNews(move, new Date());
    log[news === undefined ? 'debug' : 'info']({ target, from, to, cause }, 'circuit');
    if (news !== undefined) view.tell(news);
  });
  return new Service({
    composition,
    sink,
    delivery,
    fleet: opened?.fleet,
    measured: [targets],
    watch,
    apiToken,
    drainTimeoutMs,
    onError,
  });
}

/** What of the flow depends on the other replicas. */
function sharedBy(
  { fleet, link }: OpenFleet,
  sharedBreaker: boolean,
): Pick<ComposeOptions, 'holds' | 'limits' | 'share'> {
  const store = () => redisHintStore({ link, fleet: fleet.name, name: TARGETS_BREAKER, clock });
  return {
    holds: () => fleet.holds,
    limits: { link, fleet: fleet.name, members: fleet },
    ...(sharedBreaker && { share: (breaker) => shareTargets({ breaker, store: store(), members: fleet, clock }) }),
  };
}
