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

/** Why a probe failed. Bounded, so that it can be a metric label. */
export const PROBE_ERROR_CODES = [
  /** The collector ended the run: shutdown, or the caller left. */
  'aborted',
  /** Credentials were refused, or do not match. */
  'auth',
  /** The name of the target could not be looked up. */
  'dns',
  /** The target answered that it cannot serve the request. */
  'failed',
  /** The probe itself could not work: see the message. */
  'internal',
  /** The answer breaks the rules of its protocol. */
  'malformed',
  /** Too many redirects. */
  'redirect-loop',
  /** Nothing listens at that port. */
  'refused',
  /** The connection pool or the look-up refused before anything was sent. */
  'rejected',
  /** The target closed the connection before it answered. */
  'reset',
  /** No complete answer before the deadline. */
  'timeout',
  /** No trusted TLS connection. */
  'tls',
  /** The answer is larger than the limit. */
  'too-large',
  /** The connection closed in the middle of the answer. */
  'truncated',
  /** The DNS answer is not what the target says to expect. */
  'unexpected-answer',
  /** The body lacks the text that the target says to expect. */
  'unexpected-body',
  /** The HTTP status is not what the target says to expect. */
  'unexpected-status',
  /** No route to the host or the network. */
  'unreachable',
] as const;
export type ProbeErrorCode = (typeof PROBE_ERROR_CODES)[number];

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
