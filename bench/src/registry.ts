import type { Measured } from '@breakwater/resilience';
import { exportMetrics } from '@breakwater/resilience/prometheus';
import { Registry } from 'prom-client';

const registry = new Registry();
const exported = exportMetrics(registry, []);

/** What is measured is measured with its metrics exported, as in the collector. */
export function register(sources: Iterable<Measured>): void {
  for (const source of sources) exported.add(source);
}
