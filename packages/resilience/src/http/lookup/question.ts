import { Resolver } from 'node:dns';
import type { Clock } from '../../core/clock.js';
import type { Address } from './name-lookup.js';
import { type NameLookupErrorCode, toLookupCode } from './name-lookup-error.js';

/** Which addresses a server is asked for. */
export interface Question {
  readonly name: string;
  readonly family: 4 | 6;
}

/** What came of asking: addresses and how long they hold, or the word of c-ares. */
export type Answer =
  | { readonly addresses: readonly Address[]; readonly ttlMs: number }
  | { readonly code: NameLookupErrorCode };

/** Asks one server once. It never fails: it answers with a code, `ECANCELLED` when the signal was aborted. */
export type Ask = (
  question: Question,
  server: string,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
) => Promise<Answer>;

// Ours is the timeout that counts: Node lets c-ares look at its own only once a second.
const CARES_TIMEOUT_MS = 60_000;

/**
 * Asks through c-ares, which needs no thread, with a channel for this one question: `cancel()` ends all that a channel
 * asks, and an older channel shortens timeouts by what it has measured and may answer from a cache of its own.
 */
export const askServer: Ask = ({ name, family }, server, timeoutMs, clock, signal) =>
  new Promise((resolve) => {
    const resolver = new Resolver({ timeout: CARES_TIMEOUT_MS, tries: 1 });
    resolver.setServers([server]);
    let timedOut = false;
    const timer = clock.after(timeoutMs, () => {
      timedOut = true;
      resolver.cancel();
    });
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const settle = (
      error: NodeJS.ErrnoException | null,
      records: ReadonlyArray<{ address: string; ttl: number }> | undefined,
    ) => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', cancel);
      if (timedOut) resolve({ code: 'ETIMEOUT' });
      else if (error !== null) resolve({ code: toLookupCode(error.code) });
      else resolve(toAnswer(records ?? [], family));
    };
    if (family === 4) resolver.resolve4(name, { ttl: true }, settle);
    else resolver.resolve6(name, { ttl: true }, settle);
    if (signal.aborted) cancel();
  });

function toAnswer(records: ReadonlyArray<{ address: string; ttl: number }>, family: 4 | 6): Answer {
  if (records.length === 0) return { code: 'ENODATA' };
  const addresses = records.map(({ address }) => ({ address, family }));
  return { addresses, ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000 };
}
