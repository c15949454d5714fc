/** What is known of a label: whether series have it, and the values that it can have. */
export interface LabelFact {
  readonly presence: 'always' | 'sometimes' | 'never';
  readonly values: readonly string[] | 'any';
  /** Whether it only describes what other labels name already, as those of an `_info` metric do. */
  readonly describes?: boolean;
}

const NEVER: LabelFact = { presence: 'never', values: [] };
const PERHAPS: LabelFact = { presence: 'sometimes', values: 'any' };

/** What is known of the labels of some series. */
export class LabelSet {
  readonly #facts: ReadonlyMap<string, LabelFact>;
  /** Whether there may be labels that are not named here. */
  readonly open: boolean;

  constructor(facts: ReadonlyMap<string, LabelFact>, open: boolean) {
    this.#facts = facts;
    this.open = open;
  }

  of(label: string): LabelFact {
    return this.#facts.get(label) ?? (this.open ? PERHAPS : NEVER);
  }

  /** Every label that something is known of. */
  get named(): readonly string[] {
    return [...this.#facts.keys()];
  }

  /** Those that series can have, as far as they are known. */
  get possible(): readonly string[] {
    return this.named.filter((label) => this.of(label).presence !== 'never');
  }

  /** Those that every series has. */
  get certain(): readonly string[] {
    return this.named.filter((label) => this.of(label).presence === 'always');
  }

  with(label: string, fact: LabelFact): LabelSet {
    return new LabelSet(new Map([...this.#facts, [label, fact]]), this.open);
  }

  without(labels: readonly string[]): LabelSet {
    return labels.reduce((set: LabelSet, label) => set.with(label, NEVER), this);
  }

  only(labels: readonly string[]): LabelSet {
    return new LabelSet(new Map(labels.map((label) => [label, this.of(label)])), false);
  }

  /** Of series that are of the one or of the other. */
  or(other: LabelSet): LabelSet {
    return this.#merge(other, eitherFact);
  }

  /** Of series that agree in these labels, or in all but those. */
  and(other: LabelSet, agree: (label: string) => boolean): LabelSet {
    return this.#merge(other, (mine, its, label) => (agree(label) ? bothFact(mine, its) : mine));
  }

  #merge(other: LabelSet, merge: (a: LabelFact, b: LabelFact, label: string) => LabelFact): LabelSet {
    const labels = new Set([...this.named, ...other.named]);
    const facts = [...labels].map((label) => [label, merge(this.of(label), other.of(label), label)] as const);
    return new LabelSet(new Map(facts), this.open || other.open);
  }
}

function eitherFact(a: LabelFact, b: LabelFact): LabelFact {
  const values = a.values === 'any' || b.values === 'any' ? 'any' : [...new Set([...a.values, ...b.values])];
  return { presence: a.presence === b.presence ? a.presence : 'sometimes', values };
}

function bothFact(a: LabelFact, b: LabelFact): LabelFact {
  const [first, second] = [a.values, b.values];
  const values = first === 'any' ? second : second === 'any' ? first : first.filter((value) => second.includes(value));
  if (a.presence === 'never' || b.presence === 'never') return NEVER;
  return { presence: a.presence === 'always' || b.presence === 'always' ? 'always' : 'sometimes', values };
}

/** Why series that must agree in a label never do; undefined where some may. */
export function clash(a: LabelFact, b: LabelFact): 'missing-left' | 'missing-right' | 'values' | undefined {
  if (a.presence === 'never' && b.presence === 'always') return 'missing-left';
  if (a.presence === 'always' && b.presence === 'never') return 'missing-right';
  if (a.presence !== 'always' || b.presence !== 'always') return undefined;
  if (a.values === 'any' || b.values === 'any') return undefined;
  return bothFact(a, b).values.length === 0 ? 'values' : undefined;
}

// Not static members: the compiler's output for those that make their own class does not run.
/** Series that have no label at all. */
export const NO_LABELS: LabelSet = new LabelSet(new Map(), false);
/** Series of which nothing is known. */
export const ANY_LABELS: LabelSet = new LabelSet(new Map(), true);
