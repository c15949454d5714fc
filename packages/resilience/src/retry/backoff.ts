import { numberOption } from '../config/option.js';
import type { Random } from '../core/clock.js';

/**
 * How long to wait before each retry. Called once for an execution that has to retry; what it returns gives the
 * milliseconds before its first retry, then before its second, and so on.
 */
export type Backoff = (random: Random) => () => number;

export interface BackoffOptions {
  /** Milliseconds, the scale of the first delay. Default 100. */
  baseDelayMs?: number;
  /** No delay is longer, in milliseconds; applied after the jitter. Default 30,000. */
  maxDelayMs?: number;
}

export interface JitteredBackoffOptions extends BackoffOptions {
  /** How far a delay may lie from its due value, as a share of it: 0.25 is ± 25 %. Default 0.25. */
  jitter?: number;
}

export interface ExponentialBackoffOptions extends JitteredBackoffOptions {
  /** What each delay is multiplied with for the next. Default 2. */
  factor?: number;
}

/**
 * Delays that grow exponentially, each drawn at random, that never bunch: Polly's decorrelated jitter V2. With
 * `t = retry + U[0, 1)` and `f(t) = 2^t · tanh(√(4t))`, retry counted from 0, the delay is
 * `(f(t) − f(t of the delay before)) · baseDelayMs / 1.4`, so about `baseDelayMs` before the first retry at the median.
 */
export function decorrelatedJitterBackoff(options: BackoffOptions = {}): Backoff {
  const { baseDelayMs, maxDelayMs } = scale('decorrelatedJitterBackoff', options);
  return (random) => {
    let retry = 0;
    let before = 0;
    return () => {
      const t = retry++ + random();
      const now = 2 ** t * Math.tanh(Math.sqrt(4 * t));
      // 2^1024 is Infinity, and neither Infinity less itself nor none of it is a number.
      if (now === Number.POSITIVE_INFINITY) return baseDelayMs === 0 ? 0 : maxDelayMs;
      const step = now - before;
      before = now;
      return Math.min(maxDelayMs, (Math.max(0, step) * baseDelayMs) / 1.4);
    };
  };
}

/** `baseDelayMs`, then `factor` times as long each time, each with jitter. */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): Backoff {
  const policy = 'exponentialBackoff';
  const { baseDelayMs, maxDelayMs } = scale(policy, options);
  const factor = numberOption(policy, 'factor', options.factor ?? 2, { min: 1 });
  const jitter = numberOption(policy, 'jitter', options.jitter ?? 0.25, { min: 0, max: 1 });
  return (random) => {
    let delayMs = baseDelayMs;
    return () => {
      const jittered = spread(delayMs, jitter, random);
      delayMs = Math.min(maxDelayMs, delayMs * factor);
      return Math.min(maxDelayMs, jittered);
    };
  };
}

/** `baseDelayMs` each time, with jitter. */
export function constantBackoff(options: JitteredBackoffOptions = {}): Backoff {
  const policy = 'constantBackoff';
  const { baseDelayMs, maxDelayMs } = scale(policy, options);
  const jitter = numberOption(policy, 'jitter', options.jitter ?? 0.25, { min: 0, max: 1 });
  return (random) => () => Math.min(maxDelayMs, spread(baseDelayMs, jitter, random));
}

const spread = (delayMs: number, jitter: number, random: Random): number => delayMs * (1 + jitter * (2 * random() - 1));

function scale(policy: string, { baseDelayMs = 100, maxDelayMs = 30_000 }: BackoffOptions) {
  return {
    baseDelayMs: numberOption(policy, 'baseDelayMs', baseDelayMs, { min: 0 }),
    maxDelayMs: numberOption(policy, 'maxDelayMs', maxDelayMs, { min: 0 }),
  };
}
