import type { Reading } from '../probes/probe.js';
export function summarise(readings: readonly Reading[]): string | null {
  return readings.length === 0 ? null : readings[0]!.measurement;
}
