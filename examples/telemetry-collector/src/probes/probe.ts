import type { Context } from '@breakwater/resilience';

export const PROBE_KINDS = ['http', 'tcp', 'dns', 'prometheus', 'snmp', 'host'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** What a field may hold. A bigint is written as an integer, a number as a float; numbers are finite. */
export type FieldValue = number | bigint | string | boolean;

/** One measured thing: a point without its timestamp and without the tags that every point of the target carries. */
export interface Reading {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Never empty. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** One thing that a probe does, in an operation slot of its own. */
export interface ProbeOperation {
  /** Unique within the probe; bounded, so that it can be a metric label. */
  readonly name: string;
  /**
   * Measures once. It ends when the context's signal is aborted or its deadline has passed, look-up and connect
   * included, and leaves no socket, timer or listener behind. It fails with a ProbeError and nothing else.
   */
  run(context: Context): Promise<readonly Reading[]>;
}

/** A target's way of being measured: one operation, or a few side by side. */
export interface Probe {
  readonly kind: ProbeKind;
  readonly operations: readonly ProbeOperation[];
  /** Gives up what the probe keeps between runs. */
  close?(): void | Promise<void>;
}

/** Why a probe failed. Bounded, so that it can be a metric label; what each one means stands in `MEANING`. */
export const PROBE_ERROR_CODES = [
  'aborted',
  'auth',
  'dns',
  'failed',
  'internal',
  'malformed',
  'redirect-loop',
  'refused',
  'rejected',
  'reset',
  'shed',
  'timeout',
  'tls',
  'too-large',
  'truncated',
  'unexpected-answer',
  'unexpected-body',
  'unexpected-status',
  'unreachable',
] as const;
export type ProbeErrorCode = (typeof PROBE_ERROR_CODES)[number];

/** One line for each code, for help texts and documentation. */
const MEANING: Readonly<Record<ProbeErrorCode, string>> = {
  aborted: 'the collector ended the run (shutdown, or the caller left)',
  auth: 'credentials were refused or do not match',
  dns: 'the name of the target could not be looked up',
  failed: 'the target answered that it cannot serve the request',
  internal: 'the probe itself could not work; see the message',
  malformed: 'the answer breaks the rules of its protocol',
  'redirect-loop': 'too many redirects',
  refused: 'nothing listens at that port',
  rejected: 'the connection pool refused the request before it was sent',
  reset: 'the target closed the connection without an answer',
  shed: 'the run was slow and the slow share was full',
  timeout: 'no complete answer before the deadline',
  tls: 'no trusted TLS connection',
  'too-large': 'the answer is larger than the limit',
  truncated: 'the connection closed in the middle of the answer',
  'unexpected-answer': 'the DNS answer is not what the target says to expect',
  'unexpected-body': 'the body lacks the text that the target says to expect',
  'unexpected-status': 'the HTTP status is not what the target says to expect',
  unreachable: 'no route to the host or the network',
};

export interface ProbeErrorDetails {
  cause?: unknown;
  /** What was measured although the probe failed, such as the status and times of an unexpected answer. */
  readings?: readonly Reading[];
}

/** A probe failed: what happened, to which host, and what to do. The message holds no secret and no part of a URL but its origin. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly code: ProbeErrorCode;
  /** What was measured all the same, to be written like any reading. */
  readonly readings: readonly Reading[];

  constructor(code: ProbeErrorCode, message: string, details: ProbeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.readings = details.readings ?? [];
  }
}
