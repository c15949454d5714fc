import type { Owner } from '@breakwater/fleet';
import type { Collector } from '../flow/collector.js';
import { presentable } from '../flow/turn-error.js';
import type { Share } from '../share/share.js';
import { Problem } from './problem.js';

const NAMED = 20;

/** Which targets there are, and who polls each: what a request about targets is checked against. */
export class Owners {
  readonly #collector: Collector;
  readonly #share: Share | undefined;

  /** Without a share every target is this collector's own. */
  constructor(collector: Collector, share: Share | undefined) {
    this.#collector = collector;
    this.#share = share;
  }

  /** @throws Problem 404 for names that no target has, 409 for targets that are polled by others. */
  check(names: readonly string[]): void {
    const known = this.#share ?? this.#collector;
    const unknown = names.filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new Problem(404, 'unknown-target', `no such target: ${listed(unknown)}; GET /targets names them all`);
    }
    for (const name of names) {
      const owner = this.#share?.ownerOf(name);
      if (owner !== undefined && !owner.mine) throw notOwner(name, owner);
    }
  }
}

/** Names the first that is polled elsewhere: who asks has to go there with it anyway. */
function notOwner(name: string, { owner, why }: Owner): Problem {
  const [who, what] =
    owner === undefined
      ? ['nobody that is known here', 'try again in a moment']
      : [`the replica ${presentable(owner)}`, `send this to ${presentable(owner)}`];
  return new Problem(409, 'not-owner', `${quoted(name)} is polled by ${who} (${presentable(why)}); ${what}`);
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).map(quoted).join(', ')}${more}`;
}

const quoted = (name: string): string => JSON.stringify(name.slice(0, 100));
