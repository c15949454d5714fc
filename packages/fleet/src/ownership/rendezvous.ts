/**
 * Rendezvous hashing (highest random weight; Thaler and Ravishankar 1998): each id has a score for each name, and the
 * highest owns the name. Who dies leaves its names to those who come second for them, and nobody else's move.
 *
 * All of it is integer arithmetic of 32 bits over UTF-16 code units: every machine and every version of Node agrees. A
 * fleet may run two versions of a program at once, so the scores must never change; the test vectors hold them.
 */

const FNV_PRIME = 0x01000193;
// As signed integers: V8 keeps what does not fit 31 bits and a sign as a double, and then multiplies half as fast.
const MIX_FIRST = 0x85ebca6b | 0;
const MIX_SECOND = 0xc2b2ae35 | 0;
const FIRST_SEED = 0x811c9dc5 | 0;
/** Of a second, independent hash: it decides between ids whose first one is the same, which would else share one score. */
const SECOND_SEED = 0x9747b28c | 0;

/** FNV-1a over code units, from a seed, finished as MurmurHash3 is: FNV alone leaves names alike near each other. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), FNV_PRIME);
  return mix(value);
}

/** MurmurHash3's finalizer (fmix32): each bit of the input flips each bit of the output half of the time. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), MIX_FIRST);
  mixed = Math.imul(mixed ^ (mixed >>> 13), MIX_SECOND);
  return mixed ^ (mixed >>> 16);
}

/**
 * How high an id comes for a name, from their hashes: a signed integer. Both are mixed already, and only the upper bits
 * decide, so that this is less than the finalizer: it runs ten million times for 100,000 names over 100 ids.
 */
function score(nameHash: number, idHash: number): number {
  const mixed = Math.imul(nameHash ^ idHash, MIX_FIRST);
  return Math.imul(mixed ^ (mixed >>> 15), MIX_SECOND);
}

/** What of a name goes into its scores: worth keeping, as a name is asked about again at each change of members. */
export const hashOf = (name: string): number => hash(name, FIRST_SEED);

/** Ids that contend for names, hashed once. The same id twice is one contender; their order makes no difference. */
export class Contenders {
  readonly ids: readonly string[];
  readonly #hashes: Int32Array;

  constructor(ids: Iterable<string>) {
    this.ids = [...new Set(ids)].sort(byCodeUnits);
    this.#hashes = Int32Array.from(this.ids, hashOf);
  }

  /** The id that owns the name; undefined when there are no ids. `nameHash` is the name's `hashOf`. */
  first(name: string, nameHash: number = hashOf(name)): string | undefined {
    const hashes = this.#hashes;
    let first = 0;
    let highest = hashes.length === 0 ? 0 : score(nameHash, hashes[0]!);
    for (let index = 1; index < hashes.length; index++) {
      const challenge = score(nameHash, hashes[index]!);
      if (challenge < highest) continue;
      if (challenge > highest || this.#wins(name, index, first)) first = index;
      highest = challenge;
    }
    return this.ids[first];
  }

  /**
   * Whether the id at this place of `ids` owns the name: what `first` says in a tenth of its time, since of many ids one
   * that comes before it is found soon. At place -1 nobody is.
   */
  isFirst(place: number, name: string, nameHash: number = hashOf(name)): boolean {
    const hashes = this.#hashes;
    if (place < 0) return false;
    const own = score(nameHash, hashes[place]!);
    for (let index = 0; index < hashes.length; index++) {
      const challenge = score(nameHash, hashes[index]!);
      if (challenge < own || index === place) continue;
      if (challenge > own) return false;
      const isBefore = index < place ? !this.#wins(name, place, index) : this.#wins(name, index, place);
      if (isBefore) return false;
    }
    return true;
  }

  /** Between equal scores: the second hash decides, and between ids that have that in common too, their order does. */
  #wins(name: string, challenger: number, holder: number): boolean {
    return secondScore(name, this.ids[challenger]!) > secondScore(name, this.ids[holder]!);
  }
}

const secondScore = (name: string, id: string): number => score(hash(name, SECOND_SEED), hash(id, SECOND_SEED));

// Not by locale: machines have different ones.
const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : 1);

/** Who owns each of many names, in their order; empty when there are no ids. */
export function owners(names: Iterable<string>, ids: Iterable<string>): string[] {
  const contenders = new Contenders(ids);
  return contenders.ids.length === 0 ? [] : Array.from(names, (name) => contenders.first(name)!);
}

/** The id that owns the name, the same whoever asks and in whichever order the ids are; undefined when there are none. */
export function owner(name: string, ids: Iterable<string>): string | undefined {
  return new Contenders(ids).first(name);
}
