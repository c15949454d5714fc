import type { HistogramValue, Labels, Measured, MetricDefinition } from './definition.js';

export interface Sample {
  readonly labels: Labels;
  readonly value: number | HistogramValue;
}

/** Asks every source once, and puts the samples of one metric together. */
export function collect(sources: Iterable<Measured>): Map<MetricDefinition, Sample[]> {
  const families = new Map<MetricDefinition, Sample[]>();
  for (const source of sources) {
    source.measure((definition, labels, value) => {
      const family = families.get(definition);
      if (family === undefined) families.set(definition, [{ labels, value }]);
      else family.push({ labels, value });
    });
  }
  return families;
}
