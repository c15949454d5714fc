/** Why lines are lost, or not known to be stored. Bounded, so that it can be a metric label. */
export const LOST_REASONS = [
  'aborted',
  'closed',
  'disk',
  'disk-full',
  'log-full',
  'overloaded',
  'queue-full',
  'refused',
  'timeout',
] as const;
export type LostReason = (typeof LOST_REASONS)[number];

/** Why no backend will have a line, however often it is sent. */
export const REFUSED_REASONS = ['bad-line'] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** One line for each reason, for messages and documentation. */
const SINK_MEANING: Readonly<Record<LostReason, string>> = {
  aborted: 'the caller gave up before they were written',
  closed: 'the sink was closed already',
  disk: 'the disk failed',
  'disk-full': 'the disk is full',
  'log-full': 'every backend is behind, and the log is full',
  overloaded: 'the log had too much to do',
  'queue-full': 'too much waited already',
  refused: 'the log does not take them',
  timeout: 'the disk did not answer in time; they may have been stored all the same',
};

/** Lines were lost or are not known to be stored. They are counted; the same lines must not be handed over again. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
  readonly code = 'ERR_TELEMETRY_SINK';
  readonly sink: string;
  readonly reason: LostReason;
  /** How many. */
  readonly lines: number;

  constructor(sink: string, reason: LostReason, lines: number, detail?: string, cause?: unknown) {
    const words = detail === undefined ? SINK_MEANING[reason] : `${SINK_MEANING[reason]}: ${detail}`;
    super(`${sink}: ${lines} ${lines === 1 ? 'line' : 'lines'} lost: ${words}`, cause === undefined ? {} : { cause });
    this.sink = sink;
    this.reason = reason;
    this.lines = lines;
  }
}
