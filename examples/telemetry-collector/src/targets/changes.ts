import type { TargetSet } from './parse.js';
import { Secret } from './secret.js';
import type { Target } from './target.js';

/** How one set of targets becomes another. What is in none of the lists stays as it is. */
export interface TargetChanges {
  readonly added: readonly Target[];
  /** As they are now. */
  readonly changed: readonly Target[];
  readonly removed: readonly Target[];
}

export function changesBetween(before: TargetSet, after: TargetSet): TargetChanges {
  const added: Target[] = [];
  const changed: Target[] = [];
  for (const [name, target] of after) {
    const old = before.get(name);
    if (old === undefined) added.push(target);
    else if (!isSame(old, target)) changed.push(target);
  }
  const removed = [...before.values()].filter(({ name }) => !after.has(name));
  return { added, changed, removed };
}

/** Whether two values of targets say the same, secrets and all. The order of keys says nothing, that of lists does. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Secret || b instanceof Secret) {
    return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal();
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(at(a, key), at(b, key)))
  );
}

const at = (value: object, key: string): unknown => (value as Record<string, unknown>)[key];
