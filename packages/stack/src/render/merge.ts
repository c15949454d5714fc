import { isRecord } from '../source/shapes.js';

/** JSON Merge Patch, RFC 7386: objects are merged, null takes a key away, anything else replaces. */
export function merge(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(isRecord(value) ? Object.entries(value) : []);
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), change));
  }
  return Object.fromEntries(merged);
}
