/**
 * Why Redis did not do what it was asked: `timeout` (no answer in time, or before the connection broke) means that it may
 * have, or may yet; so does `closed` for what was under way. After `unreachable` it has not.
 */
export type FleetErrorReason = 'unreachable' | 'timeout' | 'refused' | 'closed';

/** What replicas share could not be read or written. Nobody stops for it: who gets it goes on alone, or tries again. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly reason: FleetErrorReason;

  constructor(reason: FleetErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
