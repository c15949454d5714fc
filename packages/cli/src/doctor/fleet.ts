import { z } from 'zod';
import type { Reply } from './ask.js';
import { judgeJson, type Question } from './judge.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

/** How many collectors there should be; undefined: no stack file says so. */
export type Members = { readonly min: number; readonly max: number } | undefined;

const FORM = z.looseObject({
  standing: z.looseObject({ kind: z.string() }),
  redis: z.looseObject({ address: z.string(), state: z.string() }),
  members: z.array(z.looseObject({ id: z.string() })).nullable(),
  total: z.number().nullable(),
  error: z.string().nullable(),
});

const STANDINGS: Readonly<Record<string, string>> = {
  joining: 'it waits until the others have let go of what is its own: ask again after a lease',
  alone: 'it polls everything, as Redis does not tell it who else is there: look at Redis',
  unsure: 'it stood still or lost its name: ask again after a lease, and look at its load',
  out: 'it is draining, or was told to end',
};

export function judgeFleet(question: Question, reply: Reply, wanted: Members): readonly Verdict[] {
  return judgeJson(question, reply, FORM, ({ standing, redis, members, total, error }) => {
    const { what } = question;
    const name = words(standing.kind);
    const advice = Object.hasOwn(STANDINGS, name) ? STANDINGS[name] : undefined;
    const stands =
      name === 'member'
        ? ok(`${what}: standing`, name)
        : (name === 'alone' ? unhealthy : warning)(`${what}: standing`, name, advice ?? 'look at its log');
    if (members === null || total === null) {
      const why = `who is there is not known: ${words(error ?? 'Redis does not answer')}`;
      return [
        stands,
        unhealthy(`${what}: members`, why, `look at Redis, ${words(redis.address)} (${words(redis.state)})`),
      ];
    }
    return [stands, judgeMembers(`${what}: members`, members.map(({ id }) => words(id)).sort(), total, wanted)];
  });
}

function judgeMembers(what: string, ids: readonly string[], total: number, wanted: Members): Verdict {
  const seen = `${total}${wanted === undefined ? '' : ` of at least ${wanted.min}`}: ${some(ids) || 'nobody'}`;
  if (total < (wanted?.min ?? 1)) return unhealthy(what, seen, 'start the others, or look why they do not get in');
  if (total > (wanted?.max ?? total)) {
    return warning(what, seen, 'the proxy has no slots for so many: raise collectors.max in the stack file');
  }
  return ok(what, seen);
}
