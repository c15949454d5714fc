import type { Measured, Recorder } from '@breakwater/resilience';
import type { Standing } from '../membership/standing.js';
import { explain } from './explain.js';
import { OWNERSHIP_METRICS } from './metrics.js';
import { Contenders, hashOf } from './rendezvous.js';

/** Which names changed hands, in the order in which they were added. */
export interface Moves {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

/** Whose a name is, as far as this replica can say. */
export interface Owner {
  /** Undefined: nobody can be named. */
  readonly owner: string | undefined;
  /** Whether this replica may act for it. */
  readonly mine: boolean;
  /** A sentence without its full stop, for whoever wonders at night. */
  readonly why: string;
}

interface Entry {
  readonly name: string;
  readonly hash: number;
  /** Who comes first among the members that were known last. */
  first: string | undefined;
  mine: boolean;
}

/**
 * Which of some names are this replica's own, by its standing in the fleet: a pure core, told the standing. A change of
 * members costs one comparison for each name and joiner; all members are only compared for names whose owner left, and
 * for new names. What it answers is always what the whole calculation would.
 */
export class Ownership implements Measured {
  readonly #self: { readonly id: string };
  readonly #entries = new Map<string, Entry>();
  #standing: Standing = { kind: 'out' };
  #members = new Contenders([]);
  #kept: Contenders | undefined;
  #owned = 0;
  #gained = 0;
  #lost = 0;

  /** @param self who this replica is; read anew at each change, as a membership may have to take another id. */
  constructor(self: { readonly id: string }) {
    this.#self = self;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** How many names there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many of them are its own. */
  get owned(): number {
    return this.#owned;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  owns(name: string): boolean {
    return this.#entries.get(name)?.mine === true;
  }

  /** Whose the name is, and why; undefined for a name that was not added. */
  of(name: string): Owner | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    return explain({ ...entry, self: this.#self.id, standing: this.#standing, members: this.#members });
  }

  /** Takes names in, and answers with those that are its own. A name that it knows stays as it is. */
  add(names: Iterable<string>): string[] {
    const mine: string[] = [];
    for (const name of names) {
      if (this.#entries.has(name)) continue;
      const hash = hashOf(name);
      const entry: Entry = { name, hash, first: this.#members.first(name, hash), mine: false };
      this.#entries.set(name, entry);
      if (this.#judge(entry)) mine.push(name);
    }
    return mine;
  }

  remove(names: Iterable<string>): void {
    for (const name of names) {
      if (this.owns(name)) this.#owned--;
      this.#entries.delete(name);
    }
  }

  /** Takes over another standing, and says what that changes. */
  apply(standing: Standing): Moves {
    this.#standing = standing;
    if ('ids' in standing) this.#rank(new Contenders(standing.ids));
    const kept = standing.kind === 'joining' ? standing.kept : 'nothing';
    this.#kept = typeof kept === 'string' ? undefined : new Contenders(kept.ids);
    const gained: string[] = [];
    const lost: string[] = [];
    for (const entry of this.#entries.values()) {
      const before = entry.mine;
      if (this.#judge(entry) !== before) (before ? lost : gained).push(entry.name);
    }
    this.#gained += gained.length;
    this.#lost += lost.length;
    return { gained, lost };
  }

  /** Finds who comes first for each name among other members. Who came first can only lose it to a joiner. */
  #rank(members: Contenders): void {
    const before = new Set(this.#members.ids);
    const now = new Set(members.ids);
    const joined = members.ids.filter((id) => !before.has(id));
    const challenged = new Map<string, Contenders>();
    this.#members = members;
    for (const entry of this.#entries.values()) {
      const { name, hash, first } = entry;
      if (first === undefined || !now.has(first)) {
        entry.first = members.first(name, hash);
        continue;
      }
      if (joined.length === 0) continue;
      let contenders = challenged.get(first);
      if (contenders === undefined) {
        contenders = new Contenders([first, ...joined]);
        challenged.set(first, contenders);
      }
      entry.first = contenders.first(name, hash);
    }
  }

  #judge(entry: Entry): boolean {
    const mine = this.#isMine(entry);
    if (mine !== entry.mine) this.#owned += mine ? 1 : -1;
    entry.mine = mine;
    return mine;
  }

  #isMine({ name, hash, first }: Entry): boolean {
    const standing = this.#standing;
    switch (standing.kind) {
      case 'alone':
        return true;
      case 'member':
        return first === this.#self.id;
      case 'joining':
        if (standing.kept === 'nothing' || first !== this.#self.id) return false;
        return this.#kept === undefined || this.#kept.first(name, hash) === first;
      default:
        return false;
    }
  }

  measure(record: Recorder): void {
    record(OWNERSHIP_METRICS.owned, {}, this.#owned);
    record(OWNERSHIP_METRICS.moves, { direction: 'gained' }, this.#gained);
    record(OWNERSHIP_METRICS.moves, { direction: 'lost' }, this.#lost);
  }
}
