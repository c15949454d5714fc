import type { RedisLink } from '@breakwater/fleet';
import { type FleetLimiter, type FleetPermit, fleetLimiter } from '@breakwater/fleet/limiter';
import { type Clock, type Measured, type Recorder, RejectedError } from '@breakwater/resilience';
import type { Target, TargetLimit } from '../targets/target.js';

export interface TargetLimitsOptions {
  /** Without it each limit holds within this process. */
  readonly link?: RedisLink;
  readonly fleet?: string;
  readonly members?: { readonly ids: readonly string[] };
  readonly clock: Clock;
}

export interface LimitWait {
  /** When the wait ends, in monotonic milliseconds of the clock. */
  readonly startBy: number;
  readonly manual: boolean;
  readonly signal: AbortSignal;
}

/** A turn with a permit waits for its slot no longer than this: others may need the permit. */
const SLOT_PATIENCE_MS = 10_000;
/** Room for what is not the probe's own time: tidying up, a busy event loop. */
const SLACK_MS = 1_000;

/** How long a turn of this target may hold a permit: it waits for its slot, runs, and tidies up. */
const holdOf = ({ intervalMs, timeoutMs }: Target): number =>
  Math.ceil(Math.min(SLOT_PATIENCE_MS, intervalMs / 2) + timeoutMs + SLACK_MS);

/** No permit of a limit came in time. */
export class LimitError extends Error {
  override readonly name = 'LimitError';
}

/** A permit of the fleet, and until when its turn must have its slot. */
export interface LimitPermit {
  /** Aborted when the permit returns to the fleet whatever the turn does. */
  readonly signal: AbortSignal;
  readonly slotBy: number;
  release(): void;
}

/** What `/targets` shows of a limit. */
export interface LimitStanding {
  readonly key: string;
  /** What the targets file says. */
  readonly concurrent: number;
  /** Whom it holds for, and what it stands on now (`fleet_limiter_mode`). */
  readonly reach: 'fleet' | 'process';
  readonly mode: string;
  /** Permits that there are now, of those that this replica holds, and turns of it that wait for one. */
  readonly permits: number;
  readonly inUse: number;
  readonly queued: number;
  /** In words, what lets no turn begin although permits may be free; null: nothing. */
  readonly why: string | null;
}

/** The limits of the targets file, one limiter for each key. */
export class TargetLimits implements Measured {
  readonly #options: TargetLimitsOptions;
  readonly #limiters = new Map<string, { limiter: FleetLimiter; concurrent: number; holdMs: number }>();

  constructor(options: TargetLimitsOptions) {
    this.#options = options;
  }

  /**
   * Makes the limits that the targets of the file name, all of them, whoever polls them: so that all replicas ask for the
   * same. Limits that no target names any more are given up.
   */
  plan(targets: Iterable<Target>): void {
    const planned = new Map<string, { limit: TargetLimit; holdMs: number }>();
    for (const target of targets) {
      const { limit } = target;
      if (limit === undefined) continue;
      const holdMs = Math.max(holdOf(target), planned.get(limit.key)?.holdMs ?? 0);
      planned.set(limit.key, { limit, holdMs });
    }
    for (const [key, { limiter }] of this.#limiters) {
      if (planned.has(key)) continue;
      this.#limiters.delete(key);
      void limiter.drain();
    }
    for (const { limit, holdMs } of planned.values()) this.#limiter(limit, holdMs, holdMs);
  }

  /**
   * Waits for a permit; undefined when the target has no limit.
   * @throws LimitError when none came in time, or the signal was aborted.
   */
  async enter(target: Target, { startBy, manual, signal }: LimitWait): Promise<LimitPermit | undefined> {
    const { limit } = target;
    if (limit === undefined) return undefined;
    const holdMs = holdOf(target);
    const limiter = this.#limiter(limit, holdMs, this.#limiters.get(limit.key)?.holdMs ?? 0);
    let permit: FleetPermit;
    try {
      permit = await limiter.acquire({ deadline: startBy, priority: manual ? 0 : 1, signal });
    } catch (error) {
      throw error instanceof RejectedError ? new LimitError(wordsFor(limit, error), { cause: error }) : error;
    }
    const slotBy = Math.min(startBy, permit.endsAtMs - target.timeoutMs - SLACK_MS);
    return { signal: permit.signal, slotBy, release: () => permit.ignore() };
  }

  /** Waits until all permits have come back, at most `timeoutMs` milliseconds, and leaves the limits to the other replicas. */
  async close(timeoutMs: number): Promise<void> {
    const all = [...this.#limiters.values()];
    this.#limiters.clear();
    await Promise.all(all.map(({ limiter }) => limiter.drain({ deadlineMs: timeoutMs })));
  }

  /** How each limit stands, in the order of their keys. */
  standings(): LimitStanding[] {
    const all = [...this.#limiters].sort(([one], [other]) => (one < other ? -1 : 1));
    return all.map(([key, { limiter, concurrent }]) => {
      const { reach, mode, permits, inUse, queued, why } = limiter;
      return { key, concurrent, reach, mode, permits, inUse, queued, why: why ?? null };
    });
  }

  measure(record: Recorder): void {
    for (const { limiter } of this.#limiters.values()) limiter.measure(record);
  }

  #limiter({ key, concurrent }: TargetLimit, leastHoldMs: number, holdMs: number): FleetLimiter {
    const wanted = { concurrent, expirationMs: Math.max(leastHoldMs, holdMs) };
    const known = this.#limiters.get(key);
    if (known === undefined) {
      const limiter = fleetLimiter({ ...this.#options, ...wanted, key, name: `limit-${key}` });
      this.#limiters.set(key, { limiter, concurrent, holdMs: wanted.expirationMs });
      return limiter;
    }
    if (known.concurrent !== concurrent || known.holdMs !== wanted.expirationMs) {
      known.limiter.resize(wanted);
      known.concurrent = concurrent;
      known.holdMs = wanted.expirationMs;
    }
    return known.limiter;
  }
}

function wordsFor({ key, concurrent }: TargetLimit, error: RejectedError): string {
  const why = error.cause instanceof Error && error.reason !== 'aborted' ? `: ${error.cause.message}` : '';
  if (error.reason === 'aborted') return `it waited for the limit ${key} when it was given up`;
  return `no permit of the limit ${key} (${concurrent} at once) came free before the next turn was nearer${why}`;
}

/** The limits of a collector: for the whole fleet with a link to Redis, else for this process. */
export function limitsFor(options: TargetLimitsOptions): TargetLimits {
  return new TargetLimits(options);
}
