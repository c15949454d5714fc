import type { Context, Measured } from '@breakwater/resilience';

/** Where points go. Every sink runs the same contract suite, `sink.suite.ts`. */
export interface Sink extends Measured {
  /** Unique among the configured sinks; a metric label, so it holds no secret. */
  readonly name: string;
  /**
   * Takes complete lines of line protocol, each with a timestamp in nanoseconds and without a line end. Resolves when
   * every line is accounted for: on disk, or refused for good (counted). Rejects with a
   * SinkError when lines were lost or are not known to be stored; those are counted too. Trying the same lines again is
   * the sink's own business, never the caller's. It ends when the context's signal is aborted or its deadline has passed.
   */
  write(lines: readonly string[], context: Context): Promise<void>;
  /** Finishes what was handed over, then gives up files and sockets. Writing afterwards is an error. Can be called twice. */
  close(): Promise<void>;
}
