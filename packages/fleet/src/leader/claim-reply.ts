import type { ScriptReply } from '../redis/redis-link.js';
import { HIGHEST_TOKEN, type LeaseAnswer } from './lease-store.js';
import { isHolder } from './stamp.js';

/** What `lease-claim.lua` says. */
export type ClaimReply =
  | { readonly outcome: 'late' | 'damaged'; readonly nowMs: number }
  | { readonly outcome: 'answered'; readonly nowMs: number; readonly answer: LeaseAnswer };

/** Undefined: it is none, or names a holder that nobody could be. */
export function readClaimReply(reply: ScriptReply): ClaimReply | undefined {
  if (!Array.isArray(reply) || reply.length !== 5) return undefined;
  const [outcome, holder] = reply as readonly ScriptReply[];
  const [token, untilMs, nowMs] = reply.slice(2).map(Number) as [number, number, number];
  if (!Number.isSafeInteger(nowMs)) return undefined;
  if (outcome === 'late' || outcome === 'damaged') return { outcome, nowMs };
  const isToken = Number.isSafeInteger(token) && token > 0 && token <= HIGHEST_TOKEN;
  if (!isToken || !Number.isSafeInteger(untilMs) || typeof holder !== 'string' || !isHolder(holder)) return undefined;
  const leftMs = untilMs - nowMs;
  if (outcome === 'held') return { outcome: 'answered', nowMs, answer: { outcome, holder, token, leftMs } };
  if (outcome !== 'granted' && outcome !== 'renewed') return undefined;
  return { outcome: 'answered', nowMs, answer: { outcome, token, leftMs } };
}
