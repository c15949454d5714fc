import { type Clock, ConfigError, type Random, systemClock } from '@breakwater/resilience';
import { disk, type Storage } from '../storage/storage.js';
import type { WhenFull } from './caps.js';
import type { SpoolOptions } from './spool.js';

const MIB = 1024 * 1024;
const MOST_SEGMENTS = 4_096;

/** The options of a spool, checked, with their defaults. */
export interface SpoolSettings {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly whenFull: WhenFull;
  readonly segmentBytes: number;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws ConfigError for options that cannot be used. */
export function spoolSettings(options: SpoolOptions): SpoolSettings {
  const { maxBytes = 1024 * MIB, maxAgeMs = 7 * 86_400_000, backends } = options;
  const ids = backends.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (backends.length === 0) throw new ConfigError('spool: no backend is given; there must be one at least');
  if (twice !== undefined) throw new ConfigError(`spool: ${twice} is given twice; a backend has one lane`);
  return {
    maxBytes: atLeast('maxBytes', maxBytes, MIB),
    maxAgeMs: atLeast('maxAgeMs', maxAgeMs, 1_000),
    whenFull: options.whenFull ?? 'block',
    segmentBytes: atLeast('segmentBytes', options.segmentBytes ?? usualSegment(maxBytes), 4_096),
    storage: options.storage ?? disk,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/** Enough of them that a cap can be kept to, and no more than can be looked through for every batch. */
const usualSegment = (maxBytes: number): number =>
  Math.floor(Math.max(Math.min(16 * MIB, maxBytes / 8), maxBytes / MOST_SEGMENTS));

function atLeast(option: string, value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new ConfigError(`spool: ${option} is ${value}; it must be at least ${least}`);
}
