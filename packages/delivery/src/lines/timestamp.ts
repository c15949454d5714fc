import { latin1, MINUS, NINE, ZERO } from './bytes.js';
import type { Unit } from './precision.js';

/** The instants that InfluxDB can store: int64 without its two lowest values and its highest. */
const MIN_NANOSECONDS = -(2n ** 63n) + 2n;
const MAX_NANOSECONDS = 2n ** 63n - 2n;

const INT64_DIGITS = 19;

/** `digits` of a unit in nanoseconds; undefined where no 64-bit nanosecond is that instant. */
export function toNanoseconds(body: Uint8Array, start: number, end: number, unit: Unit): bigint | undefined {
  let first = body[start] === MINUS ? start + 1 : start;
  const negative = first > start;
  while (first < end - 1 && body[first] === ZERO) first++;
  if (end - first > INT64_DIGITS) return undefined;
  const digits = BigInt(latin1(body, first, end));
  const instant = (negative ? -digits : digits) * unit.nanoseconds;
  return instant < MIN_NANOSECONDS || instant > MAX_NANOSECONDS ? undefined : instant;
}

/** Whether the digits need no other look than their number: no sign, no leading zero, and in range with the unit's zeros. */
export function isPlain(body: Uint8Array, start: number, end: number, zeros: number): boolean {
  const first = body[start]!;
  const digits = end - start + zeros;
  return first > ZERO && (digits < INT64_DIGITS || (digits === INT64_DIGITS && first < NINE));
}
