import { ConfigError } from '../core/errors.js';
import { collect, type Sample } from '../metrics/collect.js';
import type { Measured, MetricDefinition } from '../metrics/definition.js';
import { ExportedMetric } from './exported-metric.js';

/** What is asked of a registry. prom-client's, of any version from 15 on and of whatever copy, is one. */
export interface MetricRegistry {
  registerMetric(metric: object): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

interface Family {
  readonly definition: MetricDefinition;
  readonly samples: Sample[];
}

interface Source {
  /** How often it was added. */
  times: number;
  /** The metrics that it has told of so far. */
  readonly names: Set<string>;
}

/** Keeps a registry's metrics in step with the sources that are exported to it. There is one for each registry. */
export class Exporter {
  static readonly #exporters = new WeakMap<MetricRegistry, Exporter>();
  readonly #registry: MetricRegistry;
  readonly #sources = new Map<Measured, Source>();
  readonly #metrics = new Map<string, ExportedMetric>();
  #snapshot: ReadonlyMap<string, Family> | undefined;

  static of(registry: MetricRegistry): Exporter {
    let exporter = Exporter.#exporters.get(registry);
    if (exporter === undefined) {
      exporter = new Exporter(registry);
      Exporter.#exporters.set(registry, exporter);
    }
    return exporter;
  }

  private constructor(registry: MetricRegistry) {
    this.#registry = registry;
  }

  /** @throws ConfigError when a metric's name is taken; then nothing has been added. */
  add(sources: readonly Measured[]): void {
    for (const source of sources) {
      const known = this.#sources.get(source);
      if (known === undefined) this.#sources.set(source, { times: 1, names: new Set() });
      else known.times++;
    }
    try {
      this.#register(this.#collect());
    } catch (error) {
      this.remove(sources);
      throw error;
    }
  }

  remove(sources: readonly Measured[]): void {
    for (const source of sources) if (--this.#sources.get(source)!.times === 0) this.#sources.delete(source);
    const known = new Set([...this.#sources.values()].flatMap(({ names }) => [...names]));
    for (const [name, metric] of this.#metrics) {
      if (known.has(name)) continue;
      this.#metrics.delete(name);
      if (this.#registry.getSingleMetric(name) === metric) this.#registry.removeSingleMetric(name);
    }
  }

  /** The samples of all sources by metric. Copies of one definition are one metric. */
  #collect(): Map<string, Family> {
    const families = new Map<string, Family>();
    for (const [source, { names }] of this.#sources) {
      for (const [definition, samples] of collect([source])) {
        const { name } = definition;
        const known = families.get(name);
        if (known === undefined) families.set(name, { definition, samples });
        else if (isSame(known.definition, definition)) known.samples.push(...samples);
        else throw new ConfigError(`metric ${name} has two definitions that differ; rename one of them`);
        names.add(name);
      }
    }
    return families;
  }

  /** All or nothing: names are looked up before the first is registered. */
  #register(families: ReadonlyMap<string, Family>): void {
    const missing: ExportedMetric[] = [];
    for (const [name, { definition }] of families) {
      const metric = this.#metrics.get(name) ?? new ExportedMetric(definition, this.#read);
      const present = this.#registry.getSingleMetric(name);
      if (present === undefined) missing.push(metric);
      else if (present !== metric) {
        throw new ConfigError(
          `metric ${name} is in the registry already, and is another; export to a registry without it`,
        );
      }
    }
    for (const metric of missing) {
      this.#metrics.set(metric.definition.name, metric);
      this.#registry.registerMetric(metric);
    }
  }

  /** A registry asks all its metrics in one go: every source is asked once for all of them. */
  readonly #read = (name: string): readonly Sample[] => {
    if (this.#snapshot === undefined) {
      const families = this.#collect();
      this.#register(families);
      this.#snapshot = families;
      queueMicrotask(() => {
        this.#snapshot = undefined;
      });
    }
    return this.#snapshot.get(name)?.samples ?? [];
  };
}

const isSame = (a: MetricDefinition, b: MetricDefinition): boolean => a === b || essence(a) === essence(b);

const essence = ({ type, labels, buckets }: MetricDefinition): string =>
  JSON.stringify([type, Object.keys(labels).sort(), buckets]);
