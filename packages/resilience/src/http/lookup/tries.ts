import type { ResolvConf } from './resolv-conf.js';

/** One question to one server. */
export interface Try {
  readonly server: string;
  readonly timeoutMs: number;
}

const SHORTEST_MS = 1000;

/**
 * The order in which servers are asked, as in glibc's res_send: every server once per attempt, beginning with the one at
 * `first`; each later attempt waits twice as long, shared among the servers, and at least a second.
 */
export function planTries(conf: Pick<ResolvConf, 'servers' | 'timeoutMs' | 'attempts'>, first: number): Try[] {
  const { servers, timeoutMs, attempts } = conf;
  const tries: Try[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const waitMs = attempt === 0 ? timeoutMs : Math.max(SHORTEST_MS, (timeoutMs * 2 ** attempt) / servers.length);
    for (let index = 0; index < servers.length; index++) {
      tries.push({ server: servers[(first + index) % servers.length]!, timeoutMs: waitMs });
    }
  }
  return tries;
}
