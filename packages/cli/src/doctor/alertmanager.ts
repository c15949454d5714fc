import { z } from 'zod';
import type { Ask, Reply } from './ask.js';
import { judgeJson } from './judge.js';
import { words } from './some.js';
import { ok, type Verdict, warning } from './verdict.js';

const FORM = z.looseObject({
  cluster: z.looseObject({ status: z.string() }),
  versionInfo: z.looseObject({ version: z.string() }),
});

export async function checkAlertmanager(url: string, ask: Ask): Promise<readonly Verdict[]> {
  return judgeAlertmanager(`${url}/api/v2/status`, await ask(`${url}/api/v2/status`));
}

/** `disabled` is a cluster of one that does not gossip. */
export function judgeAlertmanager(url: string, reply: Reply): readonly Verdict[] {
  const what = 'alertmanager';
  const question = { what, url, advice: 'alerts reach nobody: look at the log of alertmanager' };
  return judgeJson(question, reply, FORM, ({ cluster: { status }, versionInfo: { version } }) => {
    const seen = `${words(version)}, cluster ${words(status)}`;
    return status === 'ready' || status === 'disabled'
      ? [ok(what, seen)]
      : [warning(what, seen, 'its peers have not settled: alerts may come twice; ask again in a minute')];
  });
}
