import type { ScriptReply } from './redis-link.js';

// Redis lets Lua nest deeper; nothing of ours comes near.
const DEEPEST = 16;

/** Whether this is what a script of ours can have answered: whole numbers that a double holds exactly, strings, nil, lists. */
export function isScriptReply(value: unknown, depth = 0): value is ScriptReply {
  if (typeof value === 'string' || value === null) return true;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return Array.isArray(value) && depth < DEEPEST && value.every((part) => isScriptReply(part, depth + 1));
}
