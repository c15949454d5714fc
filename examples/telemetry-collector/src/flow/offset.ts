const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a, 32 bit, over the UTF-8 bytes (draft-eastlake-fnv). */
export function fnv1a(text: string): number {
  let hash = FNV_OFFSET_BASIS;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

/**
 * Where in its interval a target's turns lie, in whole milliseconds: a hash of its name, so that targets spread evenly,
 * and every replica, after every restart, polls the same target at the same instants. FNV-1a alone leaves names that
 * differ in their last letter near each other; a finalizer (MurmurHash3's fmix32) spreads them.
 */
export function offsetOf(name: string, intervalMs: number): number {
  let mixed = fnv1a(name);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed = (mixed ^ (mixed >>> 16)) >>> 0;
  return Math.floor((mixed / 4_294_967_296) * intervalMs);
}
