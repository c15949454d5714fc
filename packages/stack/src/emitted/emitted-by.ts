import type { Plan } from '../plan/plan.js';
import { Emitted, type EmittedMetric } from './emitted.js';
import { EXPORTER_JOBS, EXPORTER_NAMES, exporterMetrics } from './exporter-list.js';
import type { CatalogMetric } from './metrics-catalog.js';

export interface Emitters {
  /** The stack, whose scrape jobs are known by name; undefined for files of a user without one. */
  readonly plan?: Plan | undefined;
  /** What our own packages can emit: `readMetricsCatalog`. */
  readonly catalog?: readonly CatalogMetric[];
  /** What was on saved pages: `readMetricsPage`. */
  readonly pages?: readonly EmittedMetric[];
}

/**
 * Everything that is emitted: by the collectors, the services that the stack file declares, listed exporters and saved pages. Without a
 * stack any service may use our libraries, and so emit all that these have.
 */
export function emittedBy({ plan, catalog = [], pages = [] }: Emitters): Emitted {
  const at = (job: string, metrics: readonly EmittedMetric[]): readonly EmittedMetric[] =>
    plan === undefined ? metrics : metrics.map((metric) => ({ ...metric, job }));
  const isEmitted = ({ exportedByCollector }: CatalogMetric) => plan === undefined || exportedByCollector;
  return new Emitted(
    [
      ...at('network-telemetry', catalog.filter(isEmitted)),
      ...EXPORTER_NAMES.flatMap((name) => at(EXPORTER_JOBS[name], exporterMetrics(name))),
      ...(plan?.stack.services ?? []).flatMap(({ name: job, metrics }) =>
        metrics.map((metric) => ({ ...metric, source: `service ${job} of the stack file`, job })),
      ),
      ...pages,
    ],
    catalog.filter((metric) => !isEmitted(metric)),
  );
}
