import { ConfigError } from '@breakwater/resilience';

/** What a lane sends, and how much at once. */
export interface LaneSettings {
  /** Points and bytes (before gzip) of one request. Default 5,000 and 1 MiB; less once the backend finds that too large. */
  readonly maxBatchPoints?: number;
  readonly maxBatchBytes?: number;
  /** How long a batch that is not full waits for more, in milliseconds. Default 50. */
  readonly lingerMs?: number;
  /** Requests under way at once. Default 4. */
  readonly maxInFlight?: number;
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Points a second that a lane behind sends of its backlog at most, beside what is fresh. Default 100,000. */
  readonly catchUpPointsPerSecond?: number;
  /** How long acknowledged frames are held, in milliseconds. Default: 10,000 for VictoriaMetrics, 0 for InfluxDB. */
  readonly ackHoldMs?: number;
}

/** The settings, complete and checked. */
export interface CheckedSettings extends Required<Omit<LaneSettings, 'ackHoldMs'>> {
  /** Undefined: as the backend's dialect needs it. */
  readonly ackHoldMs: number | undefined;
}

const DEFAULTS = {
  maxBatchPoints: 5_000,
  maxBatchBytes: 1_048_576,
  lingerMs: 50,
  maxInFlight: 4,
  timeoutMs: 10_000,
  catchUpPointsPerSecond: 100_000,
} as const;

const LEAST: Record<keyof LaneSettings, number> = {
  maxBatchPoints: 1,
  maxBatchBytes: 1_024,
  lingerMs: 0,
  maxInFlight: 1,
  timeoutMs: 1,
  catchUpPointsPerSecond: 1,
  ackHoldMs: 0,
};

/** @throws ConfigError naming the option, its value and its range. */
export function checkedSettings(settings: LaneSettings): CheckedSettings {
  const given = Object.entries(settings).filter(([name, value]) => name in LEAST && value !== undefined);
  for (const [name, value] of given) {
    const least = LEAST[name as keyof LaneSettings];
    if (!Number.isSafeInteger(value) || value < least)
      throw new ConfigError(`lane: ${name} is ${String(value)}; it must be a whole number of at least ${least}`);
  }
  return { ...DEFAULTS, ackHoldMs: undefined, ...(Object.fromEntries(given) as LaneSettings) };
}
