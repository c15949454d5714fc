import type { Random } from '../core/clock.js';

/** How long a circuit stays open. */
export interface RecoverySettings {
  readonly recoveryTimeoutMs: number;
  readonly recoveryMultiplier: number;
  readonly maxRecoveryTimeoutMs: number;
  readonly recoveryJitter: number;
  readonly random: Random;
}

/**
 * base · multiplier^(attempts - 1), spread by ± jitter and capped after that (as resilience4j does); the other side's
 * own wish (`hintMs`, 0: none) when it is longer, within the same cap.
 */
export function openTimeMs(settings: RecoverySettings, attempts: number, hintMs: number): number {
  const { recoveryTimeoutMs, recoveryMultiplier, maxRecoveryTimeoutMs, recoveryJitter, random } = settings;
  const grown = Math.min(recoveryTimeoutMs * recoveryMultiplier ** (attempts - 1), maxRecoveryTimeoutMs);
  const spread = recoveryJitter === 0 ? grown : grown * (1 + recoveryJitter * (2 * random() - 1));
  return Math.min(Math.max(spread, hintMs), maxRecoveryTimeoutMs);
}
