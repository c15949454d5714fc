import { z } from 'zod';
import { age, many } from '../print/units.js';
import type { Reply } from './ask.js';
import { judgeJson, type Question } from './judge.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

const HOLD = { reason: z.string(), words: z.string() };
const FORM = z.looseObject({
  lanes: z.array(
    z.looseObject({
      backend: z.string(),
      caughtUp: z.boolean(),
      lagMs: z.number(),
      pendingPoints: z.number(),
      hold: z.looseObject(HOLD).nullable(),
      heldDestinations: z.array(z.looseObject({ destination: z.string(), ...HOLD })),
    }),
  ),
});

type Lane = z.output<typeof FORM>['lanes'][number];

/** A lane that is held sends nothing until somebody does something; one that is behind is catching up. */
export function judgeLanes(question: Question, reply: Reply): readonly Verdict[] {
  return judgeJson(question, reply, FORM, ({ lanes }) => {
    const { what } = question;
    if (lanes.length === 0) return [warning(what, 'there is no backend', 'set INFLUX_URLS')];
    const bad = lanes.flatMap((lane) => judgeLane(what, lane));
    return bad.length > 0 ? bad : [ok(what, `${some(lanes.map(({ backend }) => words(backend)))}: nothing waits`)];
  });
}

const ADVICE: Readonly<Record<string, string>> = {
  unauthorized: 'the backend refuses the token: mend INFLUX_TOKEN',
  forbidden: 'the token may not write there: give it the right, or another token',
  'not-found': 'create the bucket (the database on 1.x), or mend INFLUX_BUCKET',
  network: 'start the backend, or mend the way to it; nothing is lost meanwhile',
};

function judgeLane(what: string, lane: Lane): Verdict[] {
  const { caughtUp, lagMs, pendingPoints, hold } = lane;
  const backend = words(lane.backend);
  const held = lane.heldDestinations.map((each) =>
    warning(what, `${backend}: ${words(each.destination)} waits: ${words(each.words)}`, adviceFor(each.reason)),
  );
  if (hold === null && caughtUp) return held;
  const seen = `${backend} is ${age(lagMs)} behind with ${many(pendingPoints, 'point')} pending`;
  if (hold === null) return [warning(what, seen, 'it is catching up; ask again, and look at its load'), ...held];
  return [unhealthy(what, `${seen}: ${words(hold.reason)}: ${words(hold.words)}`, adviceFor(hold.reason)), ...held];
}

const adviceFor = (reason: string): string =>
  (Object.hasOwn(ADVICE, reason) ? ADVICE[reason] : undefined) ?? 'look at the log of that backend';
