import type { Sample } from '../metrics/collect.js';
import type { MetricDefinition } from '../metrics/definition.js';
import { type Line, linesOf } from './series.js';

/** What prom-client's registry asks of a metric when it collects. */
interface Exposition {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly Line[];
}

/**
 * A metric in the shape that prom-client's registry knows, filled from our own numbers when it is asked. It extends no class
 * of prom-client, so that it works with any copy of it.
 */
export class ExportedMetric {
  readonly definition: MetricDefinition;
  /** A registry with OpenMetrics content takes `_total` off a counter's name, and adds it to each of its lines. */
  name: string;
  readonly help: string;
  readonly type: string;
  /** What a cluster's parent does with the values of its workers. */
  readonly aggregator = 'sum';
  readonly #read: (name: string) => readonly Sample[];

  constructor(definition: MetricDefinition, read: (name: string) => readonly Sample[]) {
    this.definition = definition;
    this.name = definition.name;
    this.help = definition.help;
    this.type = definition.type;
    this.#read = read;
  }

  async get(): Promise<Exposition> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: linesOf(this.definition, this.#read(this.definition.name)) };
  }

  /** The numbers belong to the policies, and a counter that starts again would lie to whoever reads it: nothing to reset. */
  reset(): void {}
}
