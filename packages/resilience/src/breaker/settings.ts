import { numberOption, type OptionRange } from '../config/option.js';
import type { Clock, Random } from '../core/clock.js';
import { ConfigError } from '../core/errors.js';
import { classifyErrors } from '../core/judge.js';
import type { Classify } from '../core/types.js';
import type { TripOptions } from './adviser.js';
import type { RateSettings } from './rates.js';
import type { RecoverySettings } from './recovery.js';
import type { WindowSettings } from './window.js';

/** What both windows have in common: the rates that trip the circuit. */
export interface RateRule {
  /** Share of failures that trips, from 0.001 to 1. Default 0.5. */
  failureRate?: number;
  /** Results that the window must hold before a rate counts. Default 20, or all calls of a smaller count window. */
  minimumCalls?: number;
  /** A call that takes longer is slow, whether it succeeds or fails, in milliseconds. Default: none is slow. */
  slowCallMs?: number;
  /** Share of slow calls that trips, from 0.001 to 1. Default 1. Needs `slowCallMs`. */
  slowCallRate?: number;
}

/** Rates over the last `calls` results. */
export interface CountWindowRule extends RateRule {
  window: 'count';
  /** Default 100. */
  calls?: number;
}

/** Rates over the results of the last `durationMs`. */
export interface TimeWindowRule extends RateRule {
  window: 'time';
  /** In milliseconds. Default 30,000. */
  durationMs?: number;
  /** In so many steps it forgets. Default 10. */
  buckets?: number;
}

export interface CircuitBreakerOptions {
  /** In errors, events and metrics. Default `circuit-breaker`. */
  name?: string;
  /** Failures in a row that open the circuit. Default 5; where `trip` is given the rule is off, unless it is given too. */
  failureThreshold?: number;
  /** A rate over a window that opens the circuit. Default: none. */
  trip?: CountWindowRule | TimeWindowRule;
  /** How long the circuit stays open before the next call may probe, in milliseconds. Default 60,000. */
  recoveryTimeoutMs?: number;
  /** Each time it reopens without having closed, the open time grows by this factor, 1 or more. Default 1. */
  recoveryMultiplier?: number;
  /**
   * Bounds the open time, whether it grows or the failure that opened the circuit asks for more (its `retryAfterMs`, or the
   * `Retry-After` header of its answer), in milliseconds. Default 600,000, or `recoveryTimeoutMs` where that is longer.
   */
  maxRecoveryTimeoutMs?: number;
  /** Spreads the open time by up to this share, so that replicas do not probe in step: 0 to 0.9. Default 0. */
  recoveryJitter?: number;
  /** Probes that must succeed to close the circuit. Default 3. */
  successThreshold?: number;
  /**
   * Probes at once in half-open. Default `successThreshold`, 10 at most: under load a recovery then takes one round trip,
   * and a service that is still down gets no more calls at once than closing would have taken.
   */
  maxProbes?: number;
  /** When all probes hang for this long the circuit reopens, in milliseconds. Default `recoveryTimeoutMs`. */
  probeTimeoutMs?: number;
  /** After closing, admits a share of calls that grows from a tenth to all over this time, in milliseconds. Default 0. */
  rampUpMs?: number;
  /** Measures and reports what it would do, and refuses nothing (but what is isolated by hand). Default false. */
  shadow?: boolean;
  /** What an outcome means. Default: an error is a failure, a value a success. */
  classify?: Classify;
  clock?: Clock;
  /** For jitter and ramp-up. Default Math.random. */
  random?: Random;
}

/** The options, complete and checked. One for all keys of a keyed breaker. */
export interface CircuitSettings extends RecoverySettings {
  readonly name: string;
  readonly failureThreshold: number;
  readonly window: WindowSettings | undefined;
  readonly rates: RateSettings;
  /** Infinity: no call is slow. */
  readonly slowCallMs: number;
  /** Whether it matters how long a call takes. */
  readonly timesCalls: boolean;
  readonly successThreshold: number;
  readonly maxProbes: number;
  readonly probeTimeoutMs: number;
  readonly rampUpMs: number;
  readonly shadow: boolean;
  readonly classify: Classify;
}

const MOST_PROBES = 10;
const LONGEST_HINT_MS = 600_000;
const MOST_COUNTED = 1_000_000_000;
const LARGEST_RING = 1_000_000;
const MOST_BUCKETS = 1_000;

const COUNT = { min: 1, max: MOST_COUNTED, integer: true };
const DURATION = { min: 1 };
const SHARE = { min: 0.001, max: 1 };

/** @throws ConfigError naming the option, its value and its range. */
export function circuitSettings(options: CircuitBreakerOptions, defaultName: string): CircuitSettings {
  const { trip, name = defaultName, recoveryTimeoutMs = 60_000, successThreshold = 3 } = options;
  const check = (option: string, value: number, range: OptionRange) => numberOption(name, option, value, range);
  const consecutive = trip === undefined || options.failureThreshold !== undefined;
  const longestMs = Math.max(LONGEST_HINT_MS, recoveryTimeoutMs);
  return {
    name,
    failureThreshold: consecutive
      ? check('failureThreshold', options.failureThreshold ?? 5, COUNT)
      : Number.POSITIVE_INFINITY,
    ...tripSettings(name, trip),
    recoveryTimeoutMs: check('recoveryTimeoutMs', recoveryTimeoutMs, DURATION),
    recoveryMultiplier: check('recoveryMultiplier', options.recoveryMultiplier ?? 1, { min: 1 }),
    maxRecoveryTimeoutMs: check('maxRecoveryTimeoutMs', options.maxRecoveryTimeoutMs ?? longestMs, {
      min: recoveryTimeoutMs,
    }),
    recoveryJitter: check('recoveryJitter', options.recoveryJitter ?? 0, { min: 0, max: 0.9 }),
    successThreshold: check('successThreshold', successThreshold, COUNT),
    maxProbes: check('maxProbes', options.maxProbes ?? Math.min(successThreshold, MOST_PROBES), COUNT),
    probeTimeoutMs: check('probeTimeoutMs', options.probeTimeoutMs ?? recoveryTimeoutMs, DURATION),
    rampUpMs: check('rampUpMs', options.rampUpMs ?? 0, { min: 0 }),
    shadow: options.shadow ?? false,
    classify: options.classify ?? classifyErrors,
    random: options.random ?? Math.random,
  };
}

/** @throws ConfigError naming the option, its value and its range. */
export function checkedTrip(name: string, { openMs, attempts = 1 }: TripOptions) {
  return {
    openMs: openMs === undefined ? undefined : numberOption(name, 'openMs', openMs, { min: 0, infinite: true }),
    attempts: numberOption(name, 'attempts', attempts, COUNT),
  };
}

function tripSettings(name: string, trip: CountWindowRule | TimeWindowRule | undefined) {
  const check = (option: string, value: number, range: OptionRange) =>
    numberOption(name, `trip.${option}`, value, range);
  if (trip?.slowCallRate !== undefined && trip.slowCallMs === undefined)
    throw new ConfigError(`${name}: trip.slowCallRate is ${trip.slowCallRate}; it needs trip.slowCallMs`);
  const window = trip && windowSettings(name, trip);
  const slowCallMs = trip?.slowCallMs ?? Number.POSITIVE_INFINITY;
  // More than a count window holds would never be reached.
  const most = window?.kind === 'count' ? window.calls : MOST_COUNTED;
  return {
    window,
    rates: {
      minimumCalls: check('minimumCalls', trip?.minimumCalls ?? Math.min(20, most), { ...COUNT, max: most }),
      failureRate: check('failureRate', trip?.failureRate ?? 0.5, SHARE),
      slowCallRate: check('slowCallRate', trip?.slowCallRate ?? 1, SHARE),
    },
    slowCallMs: check('slowCallMs', slowCallMs, { min: 0, infinite: true }),
    timesCalls: slowCallMs !== Number.POSITIVE_INFINITY,
  };
}

function windowSettings(name: string, trip: CountWindowRule | TimeWindowRule): WindowSettings {
  switch (trip.window) {
    case 'count':
      return {
        kind: 'count',
        calls: numberOption(name, 'trip.calls', trip.calls ?? 100, { ...COUNT, max: LARGEST_RING }),
      };
    case 'time':
      return {
        kind: 'time',
        durationMs: numberOption(name, 'trip.durationMs', trip.durationMs ?? 30_000, DURATION),
        buckets: numberOption(name, 'trip.buckets', trip.buckets ?? 10, { ...COUNT, max: MOST_BUCKETS }),
      };
    default:
      throw new ConfigError(
        `${name}: trip.window is ${String((trip as { window: unknown }).window)}; it must be 'count' or 'time'`,
      );
  }
}
