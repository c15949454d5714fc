export interface Sample {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(NaN|[+-]?(?:Inf|\d[\d.eE+-]*))(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?\s*/y;

/** The values of a `/metrics` page in Prometheus' text format. */
export class Samples {
  readonly #byName: ReadonlyMap<string, readonly Sample[]>;

  private constructor(byName: ReadonlyMap<string, readonly Sample[]>) {
    this.#byName = byName;
  }

  /** Undefined for what is no such page. */
  static read(text: string): Samples | undefined {
    const byName = new Map<string, Sample[]>();
    for (const line of text.split('\n')) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const [, name, inner = '', value] = LINE.exec(line.trimEnd()) ?? [];
      const labels = labelsOf(inner);
      if (name === undefined || labels === undefined) return undefined;
      const samples = byName.get(name) ?? [];
      byName.set(name, samples);
      samples.push({ labels, value: Number(value!.replace('Inf', 'Infinity')) });
    }
    return byName.size === 0 ? undefined : new Samples(byName);
  }

  /** Those that have these labels. */
  of(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    return (this.#byName.get(name) ?? []).filter((sample) =>
      wanted.every(([label, value]) => sample.labels.get(label) === value),
    );
  }

  sum(name: string, labels?: Readonly<Record<string, string>>): number {
    return this.of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The values that a label has in a metric, in their order. */
  values(name: string, label: string): string[] {
    return [...new Set(this.of(name).flatMap(({ labels }) => labels.get(label) ?? []))];
  }
}

function labelsOf(text: string): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) return undefined;
    labels.set(
      match[1]!,
      match[2]!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)),
    );
  }
  return labels;
}
