import { z } from 'zod';
import type { Ask, Reply } from './ask.js';
import { judgeJson } from './judge.js';
import { words } from './some.js';
import { ok, unhealthy, type Verdict } from './verdict.js';

const FORM = z.looseObject({ database: z.string(), version: z.string().optional() });

export async function checkGrafana(url: string, ask: Ask): Promise<readonly Verdict[]> {
  return judgeGrafana(`${url}/api/health`, await ask(`${url}/api/health`));
}

export function judgeGrafana(url: string, reply: Reply): readonly Verdict[] {
  const what = 'grafana';
  const question = { what, url, advice: 'look at the logs of grafana-1, grafana-2 and grafana-db' };
  return judgeJson(question, reply, FORM, ({ database, version = '' }) =>
    database === 'ok'
      ? [ok(what, words(`${version} with its database`))]
      : [unhealthy(what, `its database: ${words(database)}`, 'look at the logs of grafana-db')],
  );
}
