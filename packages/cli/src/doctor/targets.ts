import { z } from 'zod';
import { count, many } from '../print/units.js';
import type { Reply } from './ask.js';
import { judgeJson, type Question } from './judge.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

const FORM = z.looseObject({
  targets: z.array(
    z.looseObject({
      name: z.string(),
      polledHere: z.boolean(),
      circuit: z.string().optional(),
      last: z.looseObject({ error: z.looseObject({ message: z.string() }).nullable() }).nullish(),
      lastRun: z.looseObject({ error: z.looseObject({ message: z.string() }).nullable() }).nullish(),
    }),
  ),
});

type Target = z.output<typeof FORM>['targets'][number];

/** One target that fails is its own trouble; when all do, it is the collector's, or that of its network. */
export function judgeTargets(question: Question, reply: Reply): readonly Verdict[] {
  return judgeJson(question, reply, FORM, ({ targets }) => {
    const { what } = question;
    const here = targets.filter(({ polledHere }) => polledHere);
    const broken = here.filter(({ circuit = 'closed' }) => circuit !== 'closed');
    const seen = `${many(targets.length, 'target')}, ${count(here.length)} polled by who answered`;
    if (targets.length === 0) return [warning(what, 'there are none', 'write some into the targets file')];
    if (broken.length === 0) return [ok(what, `${seen}; every circuit is closed`)];
    const told = `${seen}; ${count(broken.length)} with an open circuit: ${some(broken.map(tell))}`;
    if (broken.length === here.length && here.length > 1) {
      return [unhealthy(what, told, 'every one fails: look at the network of the collector before the targets')];
    }
    return [warning(what, told, 'they are tried again by themselves; POST /breakers/{target}/reset does it at once')];
  });
}

/** Why its latest run failed: the latest turn of an open circuit says only that it is open. */
function tell({ name, circuit, last, lastRun }: Target): string {
  const error = lastRun?.error ?? last?.error;
  const state = circuit === 'open' ? '' : ` ${words(circuit ?? '')}`;
  return `${words(name)}${state} (${error == null ? 'no error is told' : words(error.message)})`;
}
