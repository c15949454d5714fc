import type { Ask, Reply } from './ask.js';
import { said } from './judge.js';
import { ok, unhealthy, type Verdict } from './verdict.js';

const WHAT = 'reads';
const ADVICE = 'no InfluxDB takes reads: see the servers of influxdb at the proxy';

export async function checkReads(url: string, ask: Ask): Promise<readonly Verdict[]> {
  return [judgePing(`${url}/ping`, await ask(`${url}/ping`))];
}

/** InfluxDB answers a ping with 204. */
export function judgePing(url: string, reply: Reply): Verdict {
  if ('silence' in reply) return unhealthy(WHAT, `${url}: ${reply.silence}`, ADVICE);
  if (reply.status === 204) return ok(WHAT, `${url} answers 204`);
  return unhealthy(WHAT, `${url} answers ${reply.status}: ${said(reply.text)}`, ADVICE);
}
