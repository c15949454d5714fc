import type { Measured } from '../metrics/definition.js';
import { Exporter, type MetricRegistry } from './exporter.js';

/** Sources whose metrics are exported. Disposing it ends the export of all of them. */
export interface MetricsExport extends Disposable {
  /**
   * Exports further sources, until what this answers is disposed.
   * @throws ConfigError when the name of a metric is taken by another.
   */
  add(...sources: Measured[]): Disposable;
}

/**
 * Puts the metrics of policies (and of whatever is `Measured`) into a registry of prom-client. The sources are read when the
 * registry collects, and cost nothing in between.
 *
 * Sources that know the same metric share it. If their labels are the same too, they are one series and their values add up:
 * give policies names of their own to tell them apart. A source is counted once, however often it is added. A metric that a
 * source tells of for the first time while the registry collects appears at the next collection. What a source throws when it
 * is read fails the collection.
 * @throws ConfigError when the name of a metric is taken by another, in the registry or among the sources.
 */
export function exportMetrics(registry: MetricRegistry, sources: Iterable<Measured> = []): MetricsExport {
  const exporter = Exporter.of(registry);
  const exports = new Set<Disposable>();
  const add = (...more: Measured[]): Disposable => {
    exporter.add(more);
    const one = {
      [Symbol.dispose]: () => {
        if (exports.delete(one)) exporter.remove(more);
      },
    };
    exports.add(one);
    return one;
  };
  add(...sources);
  return {
    add,
    [Symbol.dispose]: () => {
      for (const one of exports) one[Symbol.dispose]();
    },
  };
}
