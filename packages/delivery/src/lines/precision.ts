/** The unit of the timestamps in a body: the names of both InfluxDB APIs (`n` and `u` are 1.x's for `ns` and `us`). */
export const PRECISIONS = ['ns', 'n', 'us', 'u', 'ms', 's', 'm', 'h'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface Unit {
  readonly nanoseconds: bigint;
  /** What turns its digits into nanoseconds when they are appended; undefined: only multiplying does. */
  readonly zeros: number | undefined;
}

const NANOSECOND: Unit = { nanoseconds: 1n, zeros: 0 };
const MICROSECOND: Unit = { nanoseconds: 1_000n, zeros: 3 };

export const UNITS: Readonly<Record<Precision, Unit>> = {
  ns: NANOSECOND,
  n: NANOSECOND,
  us: MICROSECOND,
  u: MICROSECOND,
  ms: { nanoseconds: 1_000_000n, zeros: 6 },
  s: { nanoseconds: 1_000_000_000n, zeros: 9 },
  m: { nanoseconds: 60_000_000_000n, zeros: undefined },
  h: { nanoseconds: 3_600_000_000_000n, zeros: undefined },
};
