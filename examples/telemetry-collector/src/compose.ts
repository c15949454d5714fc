import type { SharedBreaker } from '@breakwater/fleet';
import {
  batchPoolFromEnv,
  type CircuitBreakerEnvironment,
  circuitBreakerFromEnv,
  systemClock as clock,
  type Environment,
  type KeyedCircuitBreaker,
  keyedCircuitBreaker,
  keyedSemaphore,
  keyedSemaphoreFromEnv,
  type Measured,
  semaphoreFromEnv,
} from '@breakwater/resilience';
import { type HttpPool, httpPool, httpPoolFromEnv, nameLookup, nameLookupFromEnv } from '@breakwater/resilience/http';
import { Collector } from './flow/collector.js';
import type { LossReason } from './flow/loss.js';
import { Samples } from './flow/samples.js';
import { limitsFor, type TargetLimits, type TargetLimitsOptions } from './flow/target-limits.js';
import { TargetSlots } from './flow/target-slots.js';
import { judgeTurn, type Turn } from './flow/turn.js';
import { TurnAccount } from './flow/turn-account.js';
import { TurnRunner } from './flow/turn-runner.js';
import { TurnTimeouts } from './flow/turn-timeouts.js';
import { Points } from './points/points.js';
import { createProbe } from './probes/create.js';
import type { Sink } from './sinks/sink.js';

/** The name of the breaker that has a circuit for each target. */
export const TARGETS_BREAKER = 'targets';

export interface ComposeOptions {
  /** What the policies' settings and the targets' secrets are read from. */
  env: Environment;
  sink: Sink;
  /** Circuit settings instead of those of the environment. */
  circuit?: CircuitBreakerEnvironment;
  /** Told why lines were lost. */
  onLoss: (reason: LossReason, lines: number, error: unknown) => void;
  /** Asked right before each turn: whether this replica's standing in its fleet holds. Without it there is no fleet. */
  holds?: () => boolean;
  /** Where the limits of the targets file hold for all replicas. Without it they hold for this process. */
  limits?: Omit<TargetLimitsOptions, 'clock'>;
  /** Shares the targets' circuits with the other replicas. Without it each replica finds out for itself. */
  share?: (breaker: KeyedCircuitBreaker) => SharedBreaker;
}

/** A collector and what it is made of. */
export interface Composition {
  readonly collector: Collector;
  readonly samples: Samples;
  readonly account: TurnAccount;
  readonly limits: TargetLimits;
  /** Stopped before the fleet is closed. */
  readonly sharedBreaker: SharedBreaker | undefined;
  /** What probes share; closed when no probe runs any more. */
  readonly pool: HttpPool;
  /** How many targets are measured at once. */
  readonly slots: number;
  /** Everything that has metrics. */
  readonly measured: readonly Measured[];
}

/**
 * The flow: targets → breaker → limits → target slots → timeout → operation slots → batch workers → sink.
 * @throws ConfigError for an environment variable that cannot be used.
 */
export function compose({ env, sink, circuit, onLoss, holds, limits: shared, share }: ComposeOptions): Composition {
  const lookup = nameLookup({ name: 'dns', ...nameLookupFromEnv(env) });
  const connections = httpPoolFromEnv(env);
  const pool = httpPool({ name: 'probes', ...connections, nameLookup: lookup });
  const breaker = keyedCircuitBreaker({
    name: TARGETS_BREAKER,
    ...(circuit ?? circuitBreakerFromEnv(env)),
    classify: (outcome) => ('value' in outcome ? judgeTurn(outcome.value as Turn) : 'ignore'),
  });
  const sharedBreaker = share?.(breaker);
  // A run holds one socket at most, so slots bound sockets; more slots than sockets would only wait inside the pool.
  const permits = Math.min(semaphoreFromEnv(env).permits, connections.maxConnections ?? Number.POSITIVE_INFINITY);
  const slots = new TargetSlots({ slots: permits, clock });
  const operations = keyedSemaphore({ name: 'operation-slots', ...keyedSemaphoreFromEnv(env) });
  const timeouts = new TurnTimeouts(clock);
  const limits = limitsFor({ ...shared, clock });
  const samples = new Samples({ sink, ...batchPoolFromEnv(env), onLoss, clock });
  const points = new Points();
  const account = new TurnAccount();
  const edges = { dispatcher: pool, nameLookup: lookup, clock, random: Math.random, env };
  const collector = new Collector({
    createProbe: (target) => createProbe(target, edges),
    runner: new TurnRunner({ breaker, slots, operations, timeouts, limits, clock }),
    breaker,
    samples,
    account,
    toLines: (turn) => points.toLines(turn),
    clock,
    ...(holds !== undefined && { holds }),
    // It forgot the circuit when it let go of the target last.
    ...(sharedBreaker !== undefined && { onTakenUp: (name: string) => void sharedBreaker.remind(name) }),
  });
  const flow = [account, collector, samples, points, sink];
  const sharing = sharedBreaker === undefined ? [] : [sharedBreaker];
  const measured = [...flow, breaker, ...sharing, limits, slots, operations, timeouts, pool, lookup];
  return { collector, samples, account, limits, sharedBreaker, pool, slots: permits, measured };
}
