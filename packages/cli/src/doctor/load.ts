import { count } from '../print/units.js';
import type { Ask, Reply } from './ask.js';
import { some } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

/** A collection lasts as long as its slowest target. */
const TIMEOUT_MS = 60_000;

export interface Shot {
  readonly reply: Reply;
  readonly ms: number;
}

/** Sends so many POST /collect at once. */
export async function checkLoad(
  url: string,
  requests: number,
  token: string | undefined,
  ask: Ask,
): Promise<readonly Verdict[]> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const shots = await Promise.all(
    Array.from({ length: requests }, async () => {
      const start = performance.now();
      const reply = await ask(`${url}/collect`, { method: 'POST', headers, timeoutMs: TIMEOUT_MS });
      return { reply, ms: performance.now() - start };
    }),
  );
  return [judgeLoad(url, shots)];
}

/** 429 tells a client to come again: it is an answer under load, but not one to live with. */
export function judgeLoad(url: string, shots: readonly Shot[]): Verdict {
  const what = `${url} load`;
  const counts = new Map<string, number>();
  for (const { reply } of shots) {
    const kind = 'silence' in reply ? reply.silence : String(reply.status);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const seen = `${count(shots.length)} × POST /collect: ${some(kinds.map(([kind, number]) => `${number} × ${kind}`))}; p95 ${p95(shots)} ms`;
  const isOther = ([kind]: readonly [string, number]) => kind !== '200' && kind !== '429';
  if (counts.has('401')) return unhealthy(what, seen, 'put the API_TOKEN of the collectors into the environment');
  if (kinds.some(isOther) || !counts.has('200')) return unhealthy(what, seen, 'look at the logs of who answered so');
  if (counts.has('429')) return warning(what, seen, 'more than a collector takes at once: add collectors');
  return ok(what, seen);
}

/** By nearest rank. */
function p95(shots: readonly Shot[]): number {
  const sorted = shots.map(({ ms }) => ms).sort((a, b) => a - b);
  return Math.round(sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0);
}
