import type { Clock, Measured, Random, Recorder } from '@breakwater/resilience';
import type { Backend } from '../backend/backend.js';
import { type CheckedSettings, checkedSettings, type LaneSettings } from './settings.js';

export interface LaneGateOptions {
  readonly backend: Backend;
  readonly settings?: LaneSettings;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * What every lane to one backend shares: its breaker, the requests under way, how long it wants to be left alone, how
 * large a request may be, and which run of it answers. Made once for each backend, and passed to its lanes.
 */
export class LaneGate implements Measured {
  readonly backend: Backend;
  /** @internal */
  readonly settings: CheckedSettings;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly random: Random;

  /** @throws ConfigError for a setting that cannot be used. */
  constructor(options: LaneGateOptions) {
    this.backend = options.backend;
    this.settings = checkedSettings(options.settings ?? {});
    this.clock = options.clock;
    this.random = options.random;
  }

  /** What is known of the backend, whatever the slot. */
  measure(_record: Recorder): void {}
}
