/** The unit of the timestamps in a body: the names of both InfluxDB APIs (`n` and `u` are 1.x's for `ns` and `us`). */
export const PRECISIONS = ['ns', 'n', 'us', 'u', 'ms', 's', 'm', 'h'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Lines that become one frame. */
export interface Lines {
  /** Whole lines, each with a timestamp in nanoseconds and a line end. */
  readonly body: Buffer;
  readonly points: number;
}

export interface NormalizeOptions {
  readonly precision: Precision;
  /** The timestamp of lines that have none, in nanoseconds since the epoch. */
  readonly nowNs: bigint;
  /** Default 5,000. */
  readonly maxPoints?: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
}

/** A line that is not line protocol. */
export class LineError extends Error {
  override readonly name = 'LineError';
  readonly code = 'ERR_DELIVERY_LINE';
  /** From 1. */
  readonly line: number;
  /** In bytes, from 1. */
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`);
    this.line = line;
    this.column = column;
  }
}

/**
 * Checks a body of line protocol, gives every line a timestamp in nanoseconds, and cuts it into pieces.
 * @throws LineError for the first line that InfluxDB would refuse; then nothing of the body is to be accepted.
 */
export function normalizeLines(_body: Uint8Array, _options: NormalizeOptions): Lines[] {
  throw new Error('not built yet');
}
