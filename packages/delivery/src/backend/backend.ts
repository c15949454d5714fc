import type { Measured } from '@breakwater/resilience';
import type { Destination } from '../frames/frame.js';

export interface SendRequest {
  readonly destination: Destination;
  /** Plain lines, in pieces; each piece ends with a line end. */
  readonly body: readonly Uint8Array[];
  readonly bytes: number;
  readonly points: number;
  /** Called when the points are sent once more within one `send`, since the first answer said nothing about them. */
  readonly onResend?: (reason: HoldReason) => void;
}

/** Why a backend holds its lane up. Bounded, so that it can be a metric label. */
export const HOLD_REASONS = [
  'unauthorized',
  'forbidden',
  'not-found',
  'overloaded',
  'server-error',
  'unexpected-answer',
  'network',
  'timeout',
] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** What became of the points of one request. */
export type Answer =
  /** All of them are stored. */
  | { readonly kind: 'stored' }
  /** At least one of them cannot be stored. On 1.x the others were, on 2.x none was: send each half again, down to the line. */
  | { readonly kind: 'bad-lines'; readonly words: string }
  /** The request is larger than the backend takes: send halves, and remember the size. */
  | { readonly kind: 'too-large'; readonly words: string }
  /** It says nothing about the points: wait, and send the same again. */
  | {
      readonly kind: 'hold';
      readonly reason: HoldReason;
      readonly words: string;
      /** What this holds up: everything for the backend, or this destination only (404, 403). */
      readonly scope: 'backend' | 'destination';
      /** The points may have been stored all the same: the answer was lost. */
      readonly mayBeStored: boolean;
      /** What the backend asked for, in milliseconds. */
      readonly retryAfterMs?: number;
    };

/** InfluxDB 1.x up to 1.7 knows `/write` alone; VictoriaMetrics answers before the data is safe. */
export type Dialect = 'influxdb-1' | 'influxdb-2' | 'victoria-metrics';

/** One server that stores points. Its metrics are those of its connections. */
export interface Backend extends Measured {
  /** Its normalised URL without credentials: the lane's identity. */
  readonly id: string;
  /** Unknown until the first answer. */
  readonly dialect: Dialect | undefined;
  /** Never rejects: what fails is an answer. An aborted signal ends it as a hold of reason `network`. */
  send(request: SendRequest, signal: AbortSignal): Promise<Answer>;
  /**
   * Asks which run of the server answers: equal numbers mean that it has not been restarted in between. Undefined: the
   * server does not say, or could not be asked.
   */
  epoch(signal: AbortSignal): Promise<number | undefined>;
  close(): Promise<void>;
}
