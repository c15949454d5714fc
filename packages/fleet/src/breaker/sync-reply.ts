import type { ScriptReply } from '../redis/redis-link.js';
import { type Hint, type HintReply, LONGEST_KEY } from './hint-store.js';

const LONGEST_NAME = 256;
const LONGEST_MS = 1e12;
const MOST_ATTEMPTS = 1e9;
const HEAD = 8;
const EACH = 7;

/** What `breaker-sync.lua` says. */
export type SyncReply =
  | { readonly outcome: 'late'; readonly nowMs: number }
  | { readonly outcome: 'damaged'; readonly key: string }
  | { readonly outcome: 'answered'; readonly nowMs: number; readonly reply: HintReply };

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Undefined: it is none. Hints that no replica can have written are left out, and counted. */
export function readSyncReply(reply: ScriptReply): SyncReply | undefined {
  if (!Array.isArray(reply) || !reply.every((part) => typeof part === 'string')) return undefined;
  const parts = reply as readonly string[];
  const [outcome, now, epoch = '', version, full, more, members, refused] = parts;
  const nowMs = Number(now);
  if (!isCount(nowMs)) return undefined;
  if (outcome === 'late') return { outcome, nowMs };
  if (outcome === 'damaged') return { outcome, key: epoch };
  const counts = [version, members, refused].map(Number) as [number, number, number];
  const isWhole = outcome === 'ok' && (parts.length - HEAD) % EACH === 0 && parts.length >= HEAD;
  if (!isWhole || !counts.every(isCount) || epoch.length > LONGEST_NAME) return undefined;
  const hints: Hint[] = [];
  let damaged = 0;
  for (let at = HEAD; at < parts.length; at += EACH) {
    const hint = readHint(parts.slice(at, at + EACH));
    if (hint === undefined) damaged++;
    else hints.push(hint);
  }
  const known = { epoch, version: counts[0], members: counts[1], refused: counts[2], hints, damaged };
  return { outcome: 'answered', nowMs, reply: { ...known, full: full === '1', more: more === '1' } };
}

function readHint([key = '', state, period, left, tries, holder = '', lease]: readonly string[]): Hint | undefined {
  const numbers = [period, left, tries, lease].map(Number) as [number, number, number, number];
  const [version, leftMs, attempts, leaseMs] = numbers;
  const isSound =
    (state === 'open' || state === 'closed') &&
    key.length <= LONGEST_KEY &&
    holder.length <= LONGEST_NAME &&
    isCount(version) &&
    isCount(attempts) &&
    attempts >= 1 &&
    attempts <= MOST_ATTEMPTS &&
    Math.abs(leftMs) <= LONGEST_MS &&
    leaseMs >= 0 &&
    leaseMs <= LONGEST_MS;
  return isSound ? { key, state, period: version, leftMs, attempts, holder, leaseMs } : undefined;
}
