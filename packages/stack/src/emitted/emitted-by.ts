import type { Plan } from '../plan/plan.js';
import { Emitted, type EmittedMetric } from './emitted.js';
import { EXPORTER_JOBS, EXPORTER_NAMES, exporterMetrics } from './exporter-list.js';

export interface Emitters {
  /** The stack, whose scrape jobs are known by name; undefined for files of a user without one. */
  readonly plan?: Plan | undefined;
  /** What our own packages emit: `readMetricsCatalog`. */
  readonly catalog?: readonly EmittedMetric[];
  /** What was on saved pages: `readMetricsPage`. */
  readonly pages?: readonly EmittedMetric[];
}

/** Everything that is emitted: by the collectors, the services that the stack file declares, listed exporters and saved pages. */
export function emittedBy({ plan, catalog = [], pages = [] }: Emitters): Emitted {
  const at = (job: string, metrics: readonly EmittedMetric[]): readonly EmittedMetric[] =>
    plan === undefined ? metrics : metrics.map((metric) => ({ ...metric, job }));
  return new Emitted([
    ...at('network-telemetry', catalog),
    ...EXPORTER_NAMES.flatMap((name) => at(EXPORTER_JOBS[name], exporterMetrics(name))),
    ...(plan?.stack.services ?? []).flatMap(({ name: job, metrics }) =>
      metrics.map((metric) => ({ ...metric, source: `service ${job} of the stack file`, job })),
    ),
    ...pages,
  ]);
}
