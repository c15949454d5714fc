import type { Standing } from '../membership/standing.js';
import { Contenders } from './rendezvous.js';

/** Whose a name is, as far as this replica can say. */
export interface Owner {
  /** Undefined: nobody can be named. */
  readonly owner: string | undefined;
  /** Whether this replica may act for it. */
  readonly mine: boolean;
  /** A sentence without its full stop, for whoever wonders at night. */
  readonly why: string;
}

/** What is known of a name. */
interface Known {
  readonly name: string;
  readonly mine: boolean;
  /** Who comes first for it among the members. */
  readonly first: string | undefined;
  readonly self: string;
  readonly standing: Standing;
  readonly members: Contenders;
}

/** Whose a name is, and why, in words. */
export function explain(known: Known): Owner {
  const { standing, self, mine, first, members } = known;
  switch (standing.kind) {
    case 'alone': {
      const why = `Redis cannot be asked, so this replica takes everything, since ${time(standing.sinceMs)}`;
      return { owner: self, mine, why };
    }
    case 'member':
      return { owner: first, mine, why: place(first, self, members.ids.length) };
    case 'joining':
      return first !== self || mine
        ? { owner: first, mine, why: place(first, self, members.ids.length) }
        : { ...holder(known), mine };
    case 'unsure': {
      const why =
        'this replica has no lease (it stood still, or another took its id), and holds nothing until Redis has answered or not';
      return { owner: undefined, mine, why };
    }
    case 'out':
      return { owner: undefined, mine, why: 'this replica has not joined the fleet, or has left it' };
  }
}

function place(first: string | undefined, self: string, members: number): string {
  if (first === undefined) return 'there are no members';
  const who = first === self ? '' : `${first} `;
  return members === 1 ? `${who}is the only member` : `${who}comes first of ${members} members`;
}

/** Who has what this replica wins but may not take yet: it came second, and is first as long as it has not heard. */
function holder({ name, self, members }: Known): Omit<Owner, 'mine'> {
  const owner = new Contenders(members.ids.filter((id) => id !== self)).first(name);
  if (owner !== undefined) return { owner, why: `${owner} has it until it lets go` };
  return { owner, why: 'this replica takes it when the lease of whoever may still have it is over' };
}

/** To the second, as logs have it. */
const time = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
