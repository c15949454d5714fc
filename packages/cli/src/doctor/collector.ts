import { z } from 'zod';
import type { Ask } from './ask.js';
import { judgeFleet, type Members } from './fleet.js';
import { judgeJson } from './judge.js';
import { judgeLanes } from './lanes.js';
import { judgeCollectorMetrics } from './metrics.js';
import { judgeTargets } from './targets.js';
import { ok, type Verdict } from './verdict.js';

const READY = z.looseObject({ status: z.literal('ready') });

/** Behind a proxy each answer is of whichever collector got the request. */
export async function checkCollector(url: string, members: Members, ask: Ask): Promise<readonly Verdict[]> {
  const at = (path: string, what: string, advice: string) => ({ what: `${url} ${what}`, url: `${url}${path}`, advice });
  const advice = 'look at the logs of the collectors';
  const ready = at('/health/ready', 'ready', `${advice}; while one is not ready it gets no requests`);
  const lanes = at('/health/lanes', 'lanes', advice);
  const targets = at('/targets', 'targets', advice);
  const fleet = at('/fleet', 'fleet', 'set REDIS_URL and SCALING_ENABLED=true, or give --collectors none');
  const metrics = at('/metrics', 'metrics', advice);
  const replies = await Promise.all([ready, lanes, targets, fleet, metrics].map((question) => ask(question.url)));
  const [isReady, laneList, targetList, roll, page] = replies;
  return [
    ...judgeJson(ready, isReady!, READY, () => [ok(ready.what, 'yes')]),
    ...judgeLanes(lanes, laneList!),
    ...judgeTargets(targets, targetList!),
    ...judgeFleet(fleet, roll!, members),
    ...judgeCollectorMetrics(metrics, page!),
  ];
}
