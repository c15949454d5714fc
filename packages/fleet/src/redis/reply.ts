import type { ScriptReply } from './redis-link.js';

// Redis lets Lua nest deeper; nothing of ours comes near.
const DEEPEST = 16;

/** Whether this is what a script of ours can have answered: whole numbers that a double holds exactly, strings, nil, lists. */
export function isScriptReply(value: unknown, depth = 0): value is ScriptReply {
  if (typeof value === 'string' || value === null) return true;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (!Array.isArray(value) || depth >= DEEPEST) return false;
  // A plain loop without a call for what nearly all parts are: a list may have tens of thousands.
  for (const part of value) if (typeof part !== 'string' && !isScriptReply(part, depth + 1)) return false;
  return true;
}
