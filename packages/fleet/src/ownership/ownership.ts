import type { Measured, Recorder } from '@breakwater/resilience';
import type { Standing } from '../membership/standing.js';
import { explain, type Owner } from './explain.js';
import { OWNERSHIP_METRICS } from './metrics.js';
import { Contenders, hashOf } from './rendezvous.js';

/** Which names changed hands, in the order in which they were added. */
export interface Moves {
  readonly gained: readonly string[];
  readonly lost: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly hash: number;
  /** Whether this replica comes first among the members that were known last. */
  first: boolean;
  mine: boolean;
}

/**
 * Which of some names are this replica's own, by its standing in the fleet: a pure core, told the standing. Who joins is
 * compared with it for what it has, and all members only when one left; who owns what others have is worked out when
 * somebody asks. What it answers is always what the whole calculation would.
 */
export class Ownership implements Measured {
  readonly #self: { readonly id: string };
  readonly #entries = new Map<string, Entry>();
  #standing: Standing = { kind: 'out' };
  #members = new Contenders([]);
  /** Its own place among them, and the id under which it has that. */
  #place = -1;
  #id: string | undefined;
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
    const first = this.#members.first(name, entry.hash);
    const { mine } = entry;
    return explain({ name, mine, first, self: this.#self.id, standing: this.#standing, members: this.#members });
  }

  /** Takes names in, and answers with those that are its own. A name that it knows stays as it is. */
  add(names: Iterable<string>): string[] {
    const mine: string[] = [];
    for (const name of names) {
      if (this.#entries.has(name)) continue;
      const hash = hashOf(name);
      const entry: Entry = { name, hash, first: this.#members.isFirst(this.#place, name, hash), mine: false };
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

  /** Finds what it comes first for among other members. What it had it can only lose to who joined; it gains from who left. */
  #rank(members: Contenders): void {
    const { id } = this.#self;
    const before = new Set(this.#id === id ? this.#members.ids : []);
    const now = new Set(members.ids);
    const place = members.ids.indexOf(id);
    const joined = new Contenders([id, ...members.ids.filter((each) => !before.has(each))]);
    const placeOfJoined = joined.ids.indexOf(id);
    const mayGain = !before.has(id) || this.#members.ids.some((each) => !now.has(each));
    for (const entry of this.#entries.values()) {
      const { name, hash } = entry;
      if (entry.first && before.has(id)) entry.first = place >= 0 && joined.isFirst(placeOfJoined, name, hash);
      else entry.first = mayGain && members.isFirst(place, name, hash);
    }
    this.#members = members;
    this.#place = place;
    this.#id = id;
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
        return first;
      case 'joining':
        if (standing.kept === 'nothing' || !first) return false;
        return this.#kept === undefined || this.#kept.first(name, hash) === this.#self.id;
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
