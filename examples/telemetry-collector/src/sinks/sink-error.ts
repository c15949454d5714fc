/** Why lines are lost, or not known to be stored. Bounded, so that it can be a metric label. */
export const LOST_REASONS = [
  'aborted',
  'auth',
  'circuit-open',
  'closed',
  'disk',
  'disk-full',
  'network',
  'not-found',
  'overloaded',
  'queue-full',
  'server-error',
  'timeout',
  'unexpected-answer',
] as const;
export type LostReason = (typeof LOST_REASONS)[number];

/** Why a backend will not have a line, however often it is sent. */
export const REFUSED_REASONS = ['bad-line', 'too-large', 'not-searched'] as const;
export type RefusedReason = (typeof REFUSED_REASONS)[number];

/** One line for each reason, for messages and documentation. */
const SINK_MEANING: Readonly<Record<LostReason | RefusedReason, string>> = {
  aborted: 'the caller gave up before they were written',
  auth: 'the backend refused the token (401, 403)',
  'circuit-open': 'the backend failed too often of late and is not asked for a while',
  closed: 'the sink was closed already',
  disk: 'the disk failed',
  'disk-full': 'the disk is full',
  network: 'no connection, or it broke',
  'not-found': 'the backend has no such database, bucket or organisation (404)',
  overloaded: 'the backend had too much to do, also when tried again (429, 503)',
  'queue-full': 'too much waited already',
  'server-error': 'the backend failed, also when tried again (5xx)',
  timeout: 'no answer in time; they may have been stored all the same',
  'unexpected-answer': 'the backend answered something that no InfluxDB does',
  'bad-line': 'the backend cannot read the line, or its types clash with what is stored (400, 422)',
  'too-large': 'the line alone is larger than what the backend takes (413)',
  'not-searched': 'the backend refused the batch, and finding its bad lines would have taken too many requests',
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
