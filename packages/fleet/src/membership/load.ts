/** What a heartbeat says of its sender. Everything is optional; shares are 0 to 1, times milliseconds. */
export interface Load {
  /** Share of the CPU that the process may use. */
  readonly cpu?: number;
  /** Share of the memory that the process may use. */
  readonly memory?: number;
  readonly eventLoopLagMs?: number;
  readonly activeConnections?: number;
  /** Points, messages or requests a second. */
  readonly throughput?: number;
  readonly p95Ms?: number;
  readonly queueDepth?: number;
  readonly consumerLag?: number;
  /** Anything else: 16 numbers at most, under names of 64 characters at most. */
  readonly more?: Readonly<Record<string, number>>;
}
